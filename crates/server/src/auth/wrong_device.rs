//! A refresh token without the key that it is bound to: refused, written down and told to its owner, whose session goes on.

use protocol::ErrorCode;
use store::{NewNotice, NoticeDetail, NoticeKind, SessionRow};

use crate::client::Client;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::mail::Letter;
use crate::proof::DeviceKey;
use crate::server::Server;

/// What whoever lacks the key is answered: the refusal, or the limit on refusals.
pub(super) fn refusal(server: &Server, client: &Client, shown: Option<DeviceKey>) -> Failure {
    match server.refresh_limit.refused(client.address()) {
        Err(limited) => limited,
        Ok(()) if shown.is_some() => {
            Failure::new(ErrorCode::ProofInvalid).detail("the session is bound to another key")
        }
        Ok(()) => Failure::new(ErrorCode::ProofRequired),
    }
}

/// After the store refused it: remembers the right key for a while, and tells the owner now and then.
pub(super) async fn note(server: &Server, client: &Client, session: &SessionRow) {
    let Some(right_key) = session.device_key else {
        return;
    };
    tracing::warn!(
        session = %session.id,
        user = %session.user_id,
        address = %client.origin().ip_address,
        "a refresh token came without the key of its device: it may have been copied"
    );
    if !server.refresh_limit.watch(session.id, right_key) {
        return;
    }
    let now = server.now();
    let origin = client.origin();
    let notice = NewNotice {
        id: new_id(now),
        user_id: session.user_id,
        at: now,
        kind: NoticeKind::ProofRefused,
        detail: NoticeDetail {
            device_name: session.device_name.clone(),
            ip_address: origin.ip_address,
            user_agent: origin.user_agent,
        },
    };
    server.outbox.tell(Letter {
        user_id: notice.user_id,
        at: now,
        kind: notice.kind,
        detail: notice.detail.clone(),
    });
    if let Err(error) = server.store.add_notice(notice).await {
        tracing::error!(cause = %error, session = %session.id, "the owner is not told of a copied token");
    }
}
