//! Which till this device is, for each server and organisation, and the day that its sales name: a small file beside the
//! settings.

use std::path::PathBuf;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::settings::replace;
use crate::view::ServerView;

/// The day that sales name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayInForce {
    /// The day.
    pub id: Uuid,
    /// The place in the work journal after which this device's sales may be on it.
    pub after_sale: i64,
}

/// The till of this device at one server, in one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Choice {
    server: String,
    organization_id: Uuid,
    till_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<DayInForce>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    #[serde(default, rename = "till", skip_serializing_if = "Vec::is_empty")]
    tills: Vec<Choice>,
}

/// The tills that this device is.
#[derive(Debug)]
pub struct TillChoices {
    path: PathBuf,
    written: Written,
}

fn name_of(server: &ServerView) -> &str {
    match server {
        ServerView::ThisDevice => "this_device",
        ServerView::Remote { url } => url,
    }
}

impl TillChoices {
    /// Reads the file. One that cannot be read is as none: the till is chosen anew.
    pub fn read(path: PathBuf) -> Self {
        let written = match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).unwrap_or_else(|error| {
                tracing::warn!(file = %path.display(), error = error.message(), "which till this is cannot be read");
                Written::default()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(file = %path.display(), %error, "which till this is cannot be read");
                }
                Written::default()
            }
        };
        Self { path, written }
    }

    fn choice(&self, server: &ServerView, organization_id: Uuid) -> Option<&Choice> {
        let server = name_of(server);
        self.written
            .tills
            .iter()
            .find(|choice| choice.server == server && choice.organization_id == organization_id)
    }

    /// The till of this device there.
    pub fn till(&self, server: &ServerView, organization_id: Uuid) -> Option<Uuid> {
        Some(self.choice(server, organization_id)?.till_id)
    }

    /// The day that sales name there.
    pub fn day(&self, server: &ServerView, organization_id: Uuid) -> Option<DayInForce> {
        self.choice(server, organization_id)?.day
    }

    /// This device is that till from now on, without a day.
    ///
    /// # Errors
    /// The disk's; it holds all the same until the app ends.
    pub fn choose(&mut self, server: &ServerView, organization_id: Uuid, till_id: Uuid) -> io::Result<()> {
        if self.till(server, organization_id) == Some(till_id) {
            return Ok(());
        }
        let server = name_of(server).to_owned();
        let tills = &mut self.written.tills;
        tills.retain(|choice| choice.server != server || choice.organization_id != organization_id);
        tills.push(Choice {
            server,
            organization_id,
            till_id,
            day: None,
        });
        self.write()
    }

    /// Sales there name this day from now on, or none. A day that they name already keeps its beginning.
    ///
    /// # Errors
    /// The disk's; it holds all the same until the app ends.
    pub fn day_is(
        &mut self,
        server: &ServerView,
        organization_id: Uuid,
        day: Option<DayInForce>,
    ) -> io::Result<()> {
        let server = name_of(server);
        let mut tills = self.written.tills.iter_mut();
        let Some(choice) =
            tills.find(|choice| choice.server == server && choice.organization_id == organization_id)
        else {
            return Ok(());
        };
        if choice.day.map(|day| day.id) == day.map(|day| day.id) {
            return Ok(());
        }
        choice.day = day;
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        let folder = self.path.parent().map_or_else(PathBuf::new, PathBuf::from);
        fs::create_dir_all(&folder)?;
        let text = toml::to_string_pretty(&self.written).map_err(io::Error::other)?;
        replace(&self.path, &folder, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{DayInForce, TillChoices};
    use crate::view::ServerView;

    const QUAI: Uuid = Uuid::from_u128(1);
    const PORT: Uuid = Uuid::from_u128(2);
    const TILL: Uuid = Uuid::from_u128(3);
    const DAY: DayInForce = DayInForce {
        id: Uuid::from_u128(4),
        after_sale: 17,
    };

    fn elsewhere() -> ServerView {
        ServerView::Remote {
            url: "https://vigie.example".to_owned(),
        }
    }

    #[test]
    fn what_was_chosen_is_known_after_a_start_for_that_server_and_organisation_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config/tills.toml");
        let mut choices = TillChoices::read(path.clone());
        choices.choose(&elsewhere(), QUAI, TILL).unwrap();
        choices.day_is(&elsewhere(), QUAI, Some(DAY)).unwrap();

        let again = TillChoices::read(path);
        assert_eq!(again.till(&elsewhere(), QUAI), Some(TILL));
        assert_eq!(again.day(&elsewhere(), QUAI), Some(DAY));
        assert_eq!(again.till(&elsewhere(), PORT), None);
        assert_eq!(again.till(&ServerView::ThisDevice, QUAI), None);
    }

    #[test]
    fn the_same_day_keeps_its_beginning_and_another_till_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut choices = TillChoices::read(folder.path().join("tills.toml"));
        choices.choose(&elsewhere(), QUAI, TILL).unwrap();
        choices.day_is(&elsewhere(), QUAI, Some(DAY)).unwrap();
        let later = DayInForce {
            after_sale: 40,
            ..DAY
        };
        choices.day_is(&elsewhere(), QUAI, Some(later)).unwrap();
        choices.choose(&elsewhere(), QUAI, TILL).unwrap();
        assert_eq!(choices.day(&elsewhere(), QUAI), Some(DAY));
        choices.choose(&elsewhere(), QUAI, Uuid::from_u128(9)).unwrap();
        assert_eq!(choices.day(&elsewhere(), QUAI), None);
        choices.day_is(&elsewhere(), PORT, Some(DAY)).unwrap();
        assert_eq!(choices.day(&elsewhere(), PORT), None);
    }

    #[test]
    fn a_file_that_is_no_good_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tills.toml");
        std::fs::write(&path, "][").unwrap();
        assert_eq!(TillChoices::read(path).till(&elsewhere(), QUAI), None);
    }
}
