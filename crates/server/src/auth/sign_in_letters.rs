//! What a sign-in is worth telling its user by mail: the same that the store noted beside the session.

use store::{BeginOutcome, NoticeDetail, NoticeKind, SessionRow};
use uuid::Uuid;

use crate::mail::Letter;
use crate::server::Server;

/// Queues a letter for each notice that the sign-in brought.
pub(super) async fn post(server: &Server, begun: &BeginOutcome) {
    let session = &begun.session;
    let tell = |kind, detail| {
        server.outbox.tell(Letter {
            user_id: session.user_id,
            at: session.created_at,
            kind,
            detail,
        });
    };
    if begun.new_device {
        tell(NoticeKind::NewDevice, whence(session));
    }
    if begun.new_network {
        tell(NoticeKind::NewNetwork, whence(session));
    }
    for displaced in &begun.displaced {
        tell(
            NoticeKind::DeviceLimit,
            displaced_detail(server, *displaced).await,
        );
    }
}

/// What the session that ended was like; without particulars where the store cannot say so just now.
async fn displaced_detail(server: &Server, session_id: Uuid) -> NoticeDetail {
    match server.store.identity(session_id).await {
        Ok(Some(identity)) => return whence(&identity.session),
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(cause = %error, session = %session_id, "a letter about an ended session says little");
        }
    }
    NoticeDetail {
        device_name: String::new(),
        ip_address: String::new(),
        user_agent: String::new(),
    }
}

fn whence(session: &SessionRow) -> NoticeDetail {
    NoticeDetail {
        device_name: session.device_name.clone(),
        ip_address: session.origin.ip_address.clone(),
        user_agent: session.origin.user_agent.clone(),
    }
}
