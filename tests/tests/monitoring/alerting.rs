//! Failed refreshes lead to a letter through Prometheus and Alertmanager, and what is no failure does not.

use std::time::Duration;

use vigie_tests::Database;

use crate::load::Load;
use crate::place::{server, stage};
use crate::post_office::PostOffice;
use crate::prometheus::{Prometheus, alertmanager};
use crate::webhook::Webhook;

#[tokio::test(flavor = "multi_thread")]
async fn six_percent_are_told_by_mail_and_webhook_four_percent_and_forged_tokens_are_not() {
    let stage = stage();
    let server = server(&stage, Database::Own);
    let (office, webhook) = (PostOffice::open(), Webhook::open());
    let (port, _alertmanager) = alertmanager(&stage, office.port, webhook.port);
    let mut load = Load::begin(vec![server.url().to_owned()]).await;
    load.shown(0).await;
    let prometheus = Prometheus::watch(&stage, &[server.url()], port).await;

    load.succeed(96).await;
    load.fail(4).await;
    load.call_from_everywhere(3_000, 0).await;
    prometheus
        .until_value("sum(session_refresh_rejected_total)", 3_000.0)
        .await;
    prometheus
        .until_value("job:session_refresh:count15m", 100.0)
        .await;
    prometheus
        .until_value("job:session_refresh_failure:count15m", 4.0)
        .await;
    // The next evaluation has seen all of it.
    let seen = prometheus
        .value("timestamp(job:session_refresh:count15m)")
        .await
        .unwrap();
    let again = |answer: &crate::prometheus::Answer| answer.first().is_some_and(|(_, at)| *at > seen);
    prometheus
        .until("timestamp(job:session_refresh:count15m)", again)
        .await;
    assert_eq!(prometheus.firing().await, Vec::<String>::new());

    load.succeed(92).await;
    load.fail(8).await;
    prometheus
        .until_value("job:session_refresh:count15m", 200.0)
        .await;
    let firing = "ALERTS{alertname=\"SessionRefreshFailures\", alertstate=\"firing\"}";
    prometheus.until(firing, |answer| !answer.is_empty()).await;
    let crossed = "100 * job:session_refresh_failure:count15m / job:session_refresh:count15m > 5";
    let (told, crossed) = (
        prometheus.first_time(firing).await,
        prometheus.first_time(crossed).await,
    );
    assert_eq!(
        told, crossed,
        "it fires at the very evaluation that sees more than 5 %"
    );

    let letters = async || {
        for _ in 0..600 {
            let letters = office.letters();
            if !letters.is_empty() {
                return letters;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no letter came");
    };
    let letters = letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].contains("To: on-call@example.org"), "{}", letters[0]);
    assert!(letters[0].contains("SessionRefreshFailures"), "{}", letters[0]);
    for _ in 0..600 {
        if let Some(body) = webhook.bodies().first() {
            assert_eq!(body["status"], "firing");
            assert_eq!(body["alerts"][0]["labels"]["alertname"], "SessionRefreshFailures");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the webhook was not called");
}
