//! However many addresses come along, series stay as many as they were.

use vigie_tests::Database;

use crate::load::Load;
use crate::place::{server, stage};

const ADDRESSES: u32 = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_addresses_add_no_series() {
    let stage = stage();
    let server = server(&stage, Database::Own);
    let mut load = Load::begin(vec![server.url().to_owned()]).await;
    let names = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        rows.map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    };
    let before = load.shown(0).await;
    load.call_from_everywhere(ADDRESSES, 1).await;
    assert_eq!(load.done.failure + load.done.rejected, u64::from(ADDRESSES));
    let after = load.shown(0).await;
    assert_eq!(names(&before), names(&after));
    println!(
        "{} series before and after {ADDRESSES} addresses",
        names(&after).len()
    );
}
