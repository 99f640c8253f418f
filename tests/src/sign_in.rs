//! The first screens, filled in as an operator fills them in.

use crate::{StageError, Window};
use std::time::Duration;

const READY: Duration = Duration::from_secs(15);

impl Window {
    /// On the first start: chooses a server elsewhere, with its certificate authority.
    pub async fn choose_server(&self, url: &str, authority: Option<&str>) -> Result<(), StageError> {
        self.press("first-elsewhere").await?;
        self.wait_for("screen-signin", READY).await?;
        if self.shown("server-url").await?.is_none() {
            self.press("server-open").await?;
            self.press("server-remote").await?;
        }
        self.fill("server-url", url).await?;
        match authority {
            Some(authority) => self.fill("server-ca", authority).await,
            None => Ok(()),
        }
    }

    /// Fills in the sign-in screen and sends it.
    pub async fn sign_in(&self, username: &str, password: &str) -> Result<(), StageError> {
        self.fill("signin-username", username).await?;
        self.fill("signin-password", password).await?;
        self.press("signin-submit").await
    }
}
