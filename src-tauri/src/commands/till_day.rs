//! The till's day: chosen, opened and closed with the server at hand, never queued.

use http::Method;
use keeper::AuthorisedClient;
use protocol::till_day::{CloseTillDayRequest, CounterTillList, OpenTillDayRequest, TillDay, TillDayPage};
use tauri::State;
use uuid::Uuid;

use crate::administration::{id, with_query};
use crate::api;
use crate::controller::{ControllerHandle, Request, TillPlace, TillRequest};
use crate::view::till_day::TillBoard;
use crate::view::{UiError, UiErrorCode};

/// The organisation's tills with their open days, and which of them this device is.
#[tauri::command]
#[specta::specta]
pub async fn tills(app: State<'_, ControllerHandle>) -> Result<TillBoard, UiError> {
    seen(&app, None).await
}

/// This device is that till from now on; its sales name the till's day.
#[tauri::command]
#[specta::specta]
pub async fn till_choose(app: State<'_, ControllerHandle>, till_id: String) -> Result<TillBoard, UiError> {
    seen(&app, Some(till(&till_id)?)).await
}

/// Opens the day of a till with what was counted into its drawer, in cents. Without the server it is refused at once.
#[tauri::command]
#[specta::specta]
pub async fn till_day_open(
    app: State<'_, ControllerHandle>,
    till_id: String,
    float_cents: u32,
) -> Result<TillDay, UiError> {
    open(&app, till(&till_id)?, float_cents).await
}

/// Closes the day of a till with what was counted in its drawer, in cents. Without the server it is refused at once, and with
/// [`UiErrorCode::TillDayUnsent`] while sales of that day are on this device, whoever's.
#[tauri::command]
#[specta::specta]
pub async fn till_day_close(
    app: State<'_, ControllerHandle>,
    till_id: String,
    day_id: String,
    counted_cents: u32,
    comment: String,
) -> Result<TillDay, UiError> {
    let request = CloseTillDayRequest {
        day_id: id(&day_id, UiErrorCode::TillDayNotFound)?,
        counted_cents,
        comment,
    };
    close(&app, till(&till_id)?, &request).await
}

/// The past and open days of the organisation's tills, a page of them, the newest first; for managers.
#[tauri::command]
#[specta::specta]
pub async fn till_days(
    app: State<'_, ControllerHandle>,
    till_id: Option<String>,
    after: Option<String>,
) -> Result<TillDayPage, UiError> {
    let path = with_query(
        "/v1/admin/till-days",
        &[
            ("till_id", till_id),
            ("after", after),
            ("limit", Some("25".to_owned())),
        ],
    );
    api::call(&app.client().await?, Method::GET, &path).await
}

fn till(text: &str) -> Result<Uuid, UiError> {
    id(text, UiErrorCode::TillNotFound)
}

/// Whether the server can be asked just now, and where; nothing is sent where it cannot.
async fn place(app: &ControllerHandle) -> Result<(TillPlace, AuthorisedClient), UiError> {
    let place = app.ask(|reply| Request::Till(TillRequest::Place(reply))).await?;
    Ok((place, app.client().await?))
}

pub(super) async fn seen(app: &ControllerHandle, choose: Option<Uuid>) -> Result<TillBoard, UiError> {
    let (place, client) = place(app).await?;
    let CounterTillList { tills } = api::call(&client, Method::GET, "/v1/tills").await?;
    app.ask(|reply| {
        Request::Till(TillRequest::Seen {
            place,
            tills,
            choose,
            reply,
        })
    })
    .await
}

pub(super) async fn open(
    app: &ControllerHandle,
    till_id: Uuid,
    float_cents: u32,
) -> Result<TillDay, UiError> {
    let (place, client) = place(app).await?;
    let path = format!("/v1/tills/{till_id}/open");
    let request = OpenTillDayRequest { float_cents };
    let day: TillDay = api::call_with(&client, Method::POST, &path, &request).await?;
    day_is(app, place, till_id, Some(day.id)).await?;
    Ok(day)
}

pub(super) async fn close(
    app: &ControllerHandle,
    till_id: Uuid,
    request: &CloseTillDayRequest,
) -> Result<TillDay, UiError> {
    let (place, client) = place(app).await?;
    let day_id = request.day_id;
    let at = place.clone();
    let unsent = app
        .ask(|reply| {
            Request::Till(TillRequest::Unsent {
                place: at,
                day_id,
                reply,
            })
        })
        .await?;
    if unsent > 0 {
        return Err(UiError::from(UiErrorCode::TillDayUnsent).about(unsent.to_string()));
    }
    let path = format!("/v1/tills/{till_id}/close");
    let day: TillDay = api::call_with(&client, Method::POST, &path, request).await?;
    day_is(app, place, till_id, None).await?;
    Ok(day)
}

async fn day_is(
    app: &ControllerHandle,
    place: TillPlace,
    till_id: Uuid,
    day_id: Option<Uuid>,
) -> Result<(), UiError> {
    app.ask(|reply| {
        Request::Till(TillRequest::DayIs {
            place,
            till_id,
            day_id,
            reply,
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use keeper_core::Banner;
    use protocol::administration::NewTillRequest;
    use protocol::till_day::CloseTillDayRequest;
    use server::demo::DOMINIQUE;
    use uuid::Uuid;

    use super::{close, open, seen};
    use crate::administration::places;
    use crate::testing::{App, Device, Network};
    use crate::view::{UiError, UiErrorCode};

    /// The organisation's owner, and a till of theirs.
    async fn at_a_till(device: &Device) -> (App, Uuid) {
        let app = device.start();
        app.sign_in(DOMINIQUE).await.unwrap();
        let client = app.client().await;
        let all = places::all(&client).await.unwrap();
        let new = NewTillRequest {
            site_id: all.sites[0].site_id.parse().unwrap(),
            name: "Caisse du fond".to_owned(),
        };
        let till = places::add_till(&client, &new).await.unwrap();
        (app, till.till_id.parse().unwrap())
    }

    fn counted(day_id: Uuid, counted_cents: u32, comment: &str) -> CloseTillDayRequest {
        CloseTillDayRequest {
            day_id,
            counted_cents,
            comment: comment.to_owned(),
        }
    }

    async fn sold(app: &App, number: u128) {
        app.finish(&app.ticket(number).await).await.unwrap();
        app.view(|view| view.work.waiting == 0).await;
    }

    fn code<T: std::fmt::Debug>(answer: Result<T, UiError>) -> UiErrorCode {
        answer.unwrap_err().code
    }

    #[tokio::test]
    async fn sales_name_the_day_from_its_opening_to_its_closing_and_over_a_start() {
        let device = Device::with_accounts().await;
        let (app, till) = at_a_till(&device).await;
        sold(&app, 1).await;
        assert_eq!(seen(&app.handle, None).await.unwrap().chosen, None);
        let board = seen(&app.handle, Some(till)).await.unwrap();
        assert_eq!(board.chosen, Some(till.to_string()));
        let day = open(&app.handle, till, 10_000).await.unwrap();
        sold(&app, 2).await;
        app.end().await;

        let app = device.start();
        app.view(|view| view.operator.as_ref().is_some_and(|who| who.site_name.is_some()))
            .await;
        sold(&app, 3).await;
        let board = seen(&app.handle, None).await.unwrap();
        assert_eq!(board.chosen, Some(till.to_string()));
        let so_far = board.tills.iter().find_map(|each| each.day.as_ref()).unwrap();
        assert_eq!((so_far.id, so_far.expected_cents), (day.id, 11_400));
        let closed = close(&app.handle, till, &counted(day.id, 11_400, ""))
            .await
            .unwrap();
        assert_eq!(closed.variance_cents, Some(0));
        sold(&app, 4).await;
        assert_eq!(
            app.handle.view().work.refused,
            0,
            "a sale names a day that is closed"
        );
    }

    #[tokio::test]
    async fn without_the_server_everything_is_refused_at_once_and_nothing_waits() {
        let device = Device::with_accounts().await;
        let (app, till) = at_a_till(&device).await;
        seen(&app.handle, Some(till)).await.unwrap();
        device.network.be(Network::Cut);
        app.view(|view| view.session.banner == Banner::Offline).await;
        assert_eq!(code(open(&app.handle, till, 1).await), UiErrorCode::Offline);
        assert_eq!(code(seen(&app.handle, None).await), UiErrorCode::Offline);
        let request = counted(Uuid::nil(), 1, "");
        assert_eq!(
            code(close(&app.handle, till, &request).await),
            UiErrorCode::Offline
        );
        device.network.be(Network::Whole);
        app.view(|view| view.session.banner == Banner::Hidden).await;
        let board = seen(&app.handle, None).await.unwrap();
        assert!(board.tills.iter().all(|each| each.day.is_none()), "{board:?}");
    }

    #[tokio::test]
    async fn a_day_does_not_close_while_one_of_its_sales_is_still_here() {
        let device = Device::with_accounts().await;
        let (app, till) = at_a_till(&device).await;
        // Refused before the day: none of its sales.
        app.finish(&crate::work::sample::ticket(1)).await.unwrap();
        app.view(|view| view.work.refused == 1).await;
        seen(&app.handle, Some(till)).await.unwrap();
        let day = open(&app.handle, till, 0).await.unwrap();
        app.finish(&crate::work::sample::ticket(2)).await.unwrap();
        app.view(|view| view.work.refused == 2).await;
        let refused = close(&app.handle, till, &counted(day.id, 0, ""))
            .await
            .unwrap_err();
        assert_eq!(
            (refused.code, refused.subject.as_deref()),
            (UiErrorCode::TillDayUnsent, Some("1"))
        );
        let board = seen(&app.handle, None).await.unwrap();
        assert!(board.tills.iter().any(|each| each.day.is_some()));
    }

    #[tokio::test]
    async fn a_day_that_was_closed_elsewhere_is_not_named_again() {
        let device = Device::with_accounts().await;
        let (app, till) = at_a_till(&device).await;
        seen(&app.handle, Some(till)).await.unwrap();
        let day = open(&app.handle, till, 0).await.unwrap();
        let path = format!("/v1/tills/{till}/close");
        let client = app.client().await;
        let elsewhere: protocol::till_day::TillDay =
            crate::api::call_with(&client, http::Method::POST, &path, &counted(day.id, 0, ""))
                .await
                .unwrap();
        assert!(elsewhere.closed_at.is_some());
        app.finish(&app.ticket(1).await).await.unwrap();
        app.view(|view| view.work.refused == 1).await;
        // The refusal makes the app look again.
        for number in 2.. {
            sold(&app, number).await;
            if app.handle.view().work.refused < u32::try_from(number).unwrap() {
                return;
            }
            assert!(number < 30, "the closed day is named on and on");
        }
    }

    #[tokio::test]
    async fn a_variance_without_a_comment_names_the_field() {
        let device = Device::with_accounts().await;
        let (app, till) = at_a_till(&device).await;
        let day = open(&app.handle, till, 500).await.unwrap();
        let refused = close(&app.handle, till, &counted(day.id, 490, ""))
            .await
            .unwrap_err();
        assert_eq!(
            (refused.code, refused.subject.as_deref()),
            (UiErrorCode::ValidationFailed, Some("comment"))
        );
        let closed = close(&app.handle, till, &counted(day.id, 490, "une pièce au sol"))
            .await
            .unwrap();
        assert_eq!(closed.variance_cents, Some(-10));
        assert_eq!(
            code(close(&app.handle, till, &counted(day.id, 491, "encore")).await),
            UiErrorCode::TillClosed
        );
    }
}
