//! Points in time as signatures write them.

use std::time::{SystemTime, UNIX_EPOCH};

/// From how many seconds on a clock is taken to be off. The SDK takes the same measure before it
/// corrects one (`SKEW_DETECTION_THRESHOLD` of aws-runtime), and the server allows 15 minutes.
const TOLERANCE: u64 = 4 * 60;

const DAY: u64 = 24 * 60 * 60;

/// A date and time such as `20261122T195959Z`, in UTC.
#[derive(Clone, Debug)]
pub(crate) struct Date(String);

impl Date {
    /// A clock before 1970 stands at its first second: the server refuses both.
    pub(crate) fn of(time: SystemTime) -> Self {
        Self::at(seconds(time))
    }

    /// Reads a date that was signed, as far as its form goes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_in_form = |(place, byte): (usize, u8)| match place {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        };
        let is_date = text.len() == 16 && text.bytes().enumerate().all(is_in_form);
        is_date.then(|| Self(text.to_owned()))
    }

    fn at(seconds: u64) -> Self {
        let (year, month, day) = civil(seconds / DAY);
        let second = seconds % DAY;
        let mut text = String::with_capacity(16);
        for part in [year / 100, year, month, day] {
            push_two_digits(&mut text, part);
        }
        text.push('T');
        for part in [second / 3600, second / 60 % 60, second % 60] {
            push_two_digits(&mut text, part);
        }
        text.push('Z');
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The day alone, such as `20261122`.
    pub(crate) fn day(&self) -> &str {
        &self.0[..8]
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// Whether the clock differs from the date that a request was signed for by so much that requests
/// could not be signed by it.
pub(crate) fn is_skewed(clock: SystemTime, date: &str) -> bool {
    let now = seconds(clock);
    let earliest = Date::at(now.saturating_sub(TOLERANCE));
    let latest = Date::at(now.saturating_add(TOLERANCE));
    !(earliest.as_str()..=latest.as_str()).contains(&date)
}

/// The last two.
fn push_two_digits(text: &mut String, number: u64) {
    for digit in [number / 10 % 10, number % 10] {
        text.push(char::from(b'0' + digit as u8));
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Year, month and day of the day that is so many days after 1970-01-01. Years are counted from
/// March, so that the leap day is the last (Howard Hinnant, "chrono-compatible low-level date
/// algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (1_709_164_799, "20240228T235959Z"),
            (1_709_164_800, "20240229T000000Z"),
            (1_709_251_200, "20240301T000000Z"),
            (1_735_689_599, "20241231T235959Z"),
            (1_735_689_600, "20250101T000000Z"),
            (4_107_542_400, "21000301T000000Z"),
            (4_107_542_399, "21000228T235959Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(Date::of(time).as_str(), date);
            assert_eq!(Date::of(time).day(), &date[..8]);
            assert_eq!(Date::parse(date).unwrap().as_str(), date);
        }
        for odd in ["", "20260101", "20260101T0000000", "2026010\u{e9}T00000Z"] {
            assert!(Date::parse(odd).is_none());
        }
    }

    /// Day by day from 1970 to 2400, against the rule of leap years.
    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0.. {
            assert_eq!(civil(days), (year, month, day));
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + u64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
            if year > 2400 {
                break;
            }
        }
    }

    #[test]
    fn a_time_before_1970_is_its_first_second() {
        let time = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Date::of(time).as_str(), "19700101T000000Z");
    }

    #[test]
    fn a_clock_is_off_by_more_than_four_minutes_either_way() {
        let clock = UNIX_EPOCH + Duration::from_secs(1_735_689_600);
        for date in ["20250101T000000Z", "20241231T235600Z", "20250101T000400Z"] {
            assert!(!is_skewed(clock, date), "{date}");
        }
        for date in ["20241231T235559Z", "20250101T000401Z", "20260101T000000Z"] {
            assert!(is_skewed(clock, date), "{date}");
        }
    }
}
