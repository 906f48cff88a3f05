use super::*;

fn query(dc: &str, rack: &str) -> Query {
    let value = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Query { datacenter: value(dc), rack: value(rack) }
}

#[test]
fn parameters_are_decoded_and_the_last_one_wins() {
    assert_eq!(Query::parse(""), query("", ""));
    assert_eq!(Query::parse("dc=a&dc=b"), query("b", ""));
    assert_eq!(Query::parse("dc=a&dc="), query("", ""));
    assert_eq!(Query::parse("dc=a+b%2Bc&rack=%72"), query("a b+c", "r"));
    assert_eq!(Query::parse("rack=r%2&dc=%zz"), query("", ""));
    assert_eq!(Query::parse("DC=a&x=y&dc"), query("", ""));
    assert_eq!(Query::parse("rack=a=b"), query("", "a=b"));
}
