//! What the sender promises: each sale once, in order, whatever the line does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use keeper::{BoottimeClock, ServerTarget, SlotId};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{BACKOFF_CAP, Bell, Delivery, SalesOffice, Sender, SenderNews, backoff};
use crate::view::UiErrorCode;
use crate::work::sale::{finished_of, ticket_id};
use crate::work::sample::ticket;
use crate::work::{Counts, NextSale, Owner, WorkDesk, WorkKey};

/// An office that books each ticket once, and answers as it is told.
#[derive(Default)]
struct Office {
    answers: Mutex<VecDeque<Answer>>,
    booked: Mutex<Vec<u128>>,
    heard: Mutex<Vec<u128>>,
}

enum Answer {
    Lost,
    Away,
    Busy(Duration),
    Refused,
    Never,
}

#[async_trait]
impl SalesOffice for Office {
    async fn deliver(&self, sale: &NextSale) -> Delivery {
        let ticket = sale.ticket.as_u128();
        self.heard.lock().unwrap().push(ticket);
        let answer = self.answers.lock().unwrap().pop_front();
        let book = || {
            let mut booked = self.booked.lock().unwrap();
            if !booked.contains(&ticket) {
                booked.push(ticket);
            }
        };
        match answer {
            None => {
                book();
                Delivery::Acknowledged
            }
            Some(Answer::Lost) => {
                book();
                Delivery::Later(None)
            }
            Some(Answer::Away) => Delivery::Later(None),
            Some(Answer::Busy(pause)) => Delivery::Later(Some(pause)),
            Some(Answer::Refused) => Delivery::Refused(UiErrorCode::ValidationFailed.into()),
            Some(Answer::Never) => std::future::pending().await,
        }
    }
}

struct Stage {
    _folder: tempfile::TempDir,
    desk: WorkDesk,
    owner: Owner,
    key: WorkKey,
    office: Arc<Office>,
    bell: Bell,
    news: mpsc::UnboundedReceiver<SenderNews>,
}

impl Stage {
    async fn with(sales: &[u128], answers: impl IntoIterator<Item = Answer>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (news_in, news) = mpsc::unbounded_channel();
        let stage = Self {
            desk: WorkDesk::start(folder.path().join("work.db")).unwrap(),
            _folder: folder,
            owner: Owner::new(
                SlotId::of(&ServerTarget::Embedded, "marie"),
                Some(Uuid::from_u128(1)),
            ),
            key: WorkKey::random().unwrap(),
            office: Arc::new(Office {
                answers: Mutex::new(answers.into_iter().collect()),
                ..Office::default()
            }),
            bell: Bell::default(),
            news,
        };
        for number in sales {
            stage.finish(*number).await;
        }
        let sender = Sender {
            desk: stage.desk.clone(),
            owner: stage.owner.clone(),
            key: stage.key.clone(),
            office: Arc::clone(&stage.office) as Arc<dyn SalesOffice>,
            bell: stage.bell.clone(),
            clock: Arc::new(BoottimeClock::new()),
        };
        tokio::spawn(sender.run(move |told| {
            let _ = news_in.send(told);
        }));
        stage
    }

    async fn finish(&self, number: u128) {
        let draft = ticket(number);
        let sale = finished_of(&draft, None, 0).unwrap();
        let (slot, key, id) = (
            self.owner.to_string(),
            self.key.clone(),
            ticket_id(&draft).unwrap(),
        );
        self.desk
            .run(move |journal| journal.finish(&slot, &key, id, &sale, 0))
            .await
            .unwrap();
    }

    async fn counts(&self) -> Counts {
        let slot = self.owner.to_string();
        self.desk
            .run(move |journal| journal.counts(&slot, 0))
            .await
            .unwrap()
    }

    async fn moved(&mut self, times: usize) {
        for _ in 0..times {
            let told = tokio::time::timeout(Duration::from_secs(20), self.news.recv())
                .await
                .unwrap();
            assert!(matches!(told, Some(SenderNews::Moved)));
        }
    }

    fn heard(&self) -> Vec<u128> {
        self.office.heard.lock().unwrap().clone()
    }

    fn booked(&self) -> Vec<u128> {
        self.office.booked.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn sales_are_sent_in_order_and_leave_when_acknowledged() {
    let mut stage = Stage::with(&[3, 1, 2], []).await;
    stage.moved(3).await;
    assert_eq!(stage.booked(), [3, 1, 2]);
    assert_eq!(stage.counts().await, Counts::default());
}

#[tokio::test]
async fn a_lost_receipt_is_asked_for_again_and_books_once() {
    let mut stage = Stage::with(&[1, 2], [Answer::Lost, Answer::Lost, Answer::Away]).await;
    stage.moved(2).await;
    assert_eq!(stage.booked(), [1, 2]);
    assert_eq!(stage.heard(), [1, 1, 1, 1, 2]);
}

#[tokio::test]
async fn a_refused_sale_lets_those_behind_it_pass() {
    let mut stage = Stage::with(&[1, 2], [Answer::Refused]).await;
    stage.moved(2).await;
    assert_eq!(stage.booked(), [2]);
    assert_eq!(
        stage.counts().await,
        Counts {
            waiting: 0,
            refused: 1,
            ..Counts::default()
        }
    );
}

#[tokio::test]
async fn a_new_sale_and_the_connection_that_is_back_end_the_pause() {
    let hour = Duration::from_secs(3_600);
    let mut stage = Stage::with(&[1], [Answer::Busy(hour), Answer::Busy(hour)]).await;
    while stage.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    stage.bell.sale();
    while stage.heard().len() < 2 {
        tokio::task::yield_now().await;
    }
    stage.bell.back();
    stage.moved(1).await;
    assert_eq!(stage.booked(), [1]);
}

#[tokio::test]
async fn a_call_that_hangs_is_left_when_the_connection_is_back() {
    let mut stage = Stage::with(&[1], [Answer::Never]).await;
    while stage.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    stage.bell.back();
    stage.moved(1).await;
    assert_eq!(stage.heard(), [1, 1]);
}

#[tokio::test]
async fn an_idle_sender_wakes_for_the_next_sale() {
    let mut stage = Stage::with(&[], []).await;
    stage.finish(7).await;
    stage.bell.sale();
    stage.moved(1).await;
    assert_eq!(stage.booked(), [7]);
}

#[test]
fn pauses_grow_to_a_minute_and_never_beyond() {
    for tries in [0, 1, 8, 40, u32::MAX] {
        assert!(backoff(tries) <= BACKOFF_CAP);
    }
    assert!((0..50).any(|_| backoff(20) > Duration::from_secs(10)));
    assert!((0..50).all(|_| backoff(0) <= Duration::from_millis(500)));
}
