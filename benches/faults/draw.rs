//! The drawing of the table for one load, as SVG by hand: people look before they read.

use std::fmt::Write;

use crate::clients::Client;
use crate::row::Row;
use crate::scenarios::Scenario;

const WIDTH: f64 = 900.0;
const TOP: f64 = 84.0;
const BAR: f64 = 13.0;
const GAP: f64 = 16.0;
/// Where the two panels begin, and how wide each is.
const PANELS: [f64; 2] = [150.0, 540.0];
const PANEL: f64 = 290.0;
/// The latency at the right end of its panel.
const SLOWEST: f64 = 1000.0;

const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 }
.value, .tick { font-size: 10px }
.tick { fill: #6e7781 }
line { stroke: #d0d7de }
.connector { fill: #1a7f37 } .hedging { fill: #0969da } .peer { fill: #cf6a12 } .stock { fill: #8c959f }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .tick { fill: #9198a1 } line { stroke: #3d444d }
.connector { fill: #3fb950 } .hedging { fill: #58a6ff } .peer { fill: #f0883e } .stock { fill: #7d8590 }
}";

/// The rows of the load that was measured first.
pub(crate) fn draw(scenarios: &[&Scenario], rows: &[Row]) -> String {
    let mode = rows[0].mode;
    let blocks: Vec<(&str, Vec<&Row>)> = scenarios
        .iter()
        .map(|scenario| {
            let drawn = |row: &&Row| row.fault == scenario.name && row.mode.name == mode.name;
            (scenario.name, rows.iter().filter(drawn).collect())
        })
        .collect();
    let bars: usize = blocks.iter().map(|(_, rows)| rows.len()).sum();
    let bottom = TOP + bars as f64 * BAR + blocks.len() as f64 * GAP;
    let height = bottom + 24.0;

    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">
<title>One node of three is faulty, {mode}: throughput and latency as multiples of those without it</title>
<style>{STYLE}</style>
<text class="title" x="12" y="26">One node of three is faulty, {mode}</text>
"#
    );
    legend(&mut svg, rows);
    panel(&mut svg, 0, "throughput, as a share of healthy: more is better", bottom);
    panel(&mut svg, 1, "p99, as a multiple of healthy: less is better", bottom);
    let mut y = TOP + GAP / 2.0;
    for (name, rows) in blocks {
        let middle = y + rows.len() as f64 * BAR / 2.0 + 4.0;
        text(&mut svg, "", PANELS[0] - 10.0, middle, "end", name);
        for row in rows {
            bar(&mut svg, 0, y, row, row.ratio(), format!("{:.2}", row.ratio()));
            let times = row.latency_ratio();
            let value = match times {
                f64::INFINITY => "calls fail".to_owned(),
                10.0.. => format!("{times:.0}"),
                _ => format!("{times:.1}"),
            };
            bar(&mut svg, 1, y, row, logarithmic(times), value);
            y += BAR;
        }
        y += GAP;
    }
    svg + "</svg>\n"
}

/// The share of the panel: nothing for what is as fast as healthy, all for the slowest.
fn logarithmic(times: f64) -> f64 {
    times.max(1.0).ln() / SLOWEST.ln()
}

fn class(client: Client) -> &'static str {
    match client {
        Client::Connector => "connector",
        Client::Hedging => "hedging",
        Client::Stock => "stock",
        Client::Peer => "peer",
    }
}

fn legend(svg: &mut String, rows: &[Row]) {
    let mut x = PANELS[0];
    let mut named = Vec::new();
    for client in rows.iter().map(|row| row.client) {
        if !named.contains(&client) {
            named.push(client);
            rect(svg, client, x, 38.0, 11.0);
            text(svg, "", x + 16.0, 48.0, "start", client.name());
            x += 30.0 + 7.0 * client.name().len() as f64;
        }
    }
}

fn panel(svg: &mut String, at: usize, title: &str, bottom: f64) {
    let ticks: &[(f64, &str)] = match at {
        0 => &[(0.0, "0"), (0.5, "0.5"), (1.0, "1")],
        _ => &[(1.0, "1×"), (10.0, "10×"), (100.0, "100×"), (SLOWEST, "1000×")],
    };
    text(svg, "", PANELS[at], 68.0, "start", title);
    for &(value, label) in ticks {
        let share = if at == 0 { value } else { logarithmic(value) };
        let x = PANELS[at] + share * PANEL;
        writeln!(svg, r#"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{bottom:.1}"/>"#).unwrap();
        text(svg, "tick", x, bottom + 14.0, "middle", label);
    }
}

fn bar(svg: &mut String, panel: usize, y: f64, row: &Row, share: f64, value: String) {
    let length = (share.min(1.05) * PANEL).max(1.0);
    rect(svg, row.client, PANELS[panel], y, length);
    let x = PANELS[panel] + length + 4.0;
    text(svg, "value", x, y + BAR - 4.0, "start", &value);
}

fn rect(svg: &mut String, client: Client, x: f64, y: f64, width: f64) {
    let (class, height) = (class(client), BAR - 2.0);
    writeln!(
        svg,
        r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height}"/>"#
    )
    .unwrap();
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, anchor: &str, what: &str) {
    writeln!(
        svg,
        r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{what}</text>"#
    )
    .unwrap();
}
