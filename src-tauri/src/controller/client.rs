//! The keeper's authorised client, lent for one call; and what the controller itself asks over the network.

use super::Controller;
use super::request::{Client, Reply};
use crate::view::{ServerView, UiErrorCode};

impl Controller {
    /// Lends the client of the keeper in use: that of the impersonation, while there is one.
    pub(super) fn client(&self, reply: Reply<Client>) {
        let own = || self.session.keeper.as_ref().map(keeper::Keeper::client);
        let under_way = self.session.under_way.as_ref();
        let client = under_way.map(|on| on.impersonation.client()).or_else(own);
        let _ = reply.send(client.map(Client).ok_or_else(|| UiErrorCode::SessionOver.into()));
    }

    pub(super) fn test_server(&self, server: ServerView, ca_file: Option<String>, reply: Reply<()>) {
        let reach = self.reach.clone();
        tokio::spawn(async move { reply.send(reach.test(&server, ca_file.as_deref()).await) });
    }
}
