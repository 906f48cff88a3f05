use super::*;

#[test]
fn only_what_needs_the_old_item_reads_it() {
    for blind in [
        "SET a = :v",
        "set a=:v, #b = :w REMOVE c, #d",
        "REMOVE a",
        "SET a = list_append(:v, :w), b = :x",
        "SET a = :v + :w",
    ] {
        assert!(!reads_before(blind), "{blind}");
    }
    for reading in [
        "SET a = b",
        "SET a = a + :v",
        "SET a = :v, b = :w - #c",
        "SET a = if_not_exists(a, :v)",
        "SET a = list_append(:v, #b)",
        "SET a.b = :v",
        "SET a[0] = :v",
        "REMOVE a.b",
        "REMOVE a[1]",
        "add a :v",
        "SET a = :v DELETE b :w",
    ] {
        assert!(reads_before(reading), "{reading}");
    }
}
