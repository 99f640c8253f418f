//! The lifetimes of an organisation's sessions, and the one place that says which combinations make sense.

use serde::{Deserialize, Serialize};

/// `GET` and `PUT /v1/admin/settings/session`. Every place that needs a lifetime reads this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SessionSettings {
    /// Life of an access token, in minutes: 1 to 1,440. Revocation does not wait for it.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1440))]
    pub token_expiration_minutes: u32,
    /// For how long after the last input the administrator's screen says "active", in minutes: 1 to 1,440.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1440))]
    pub activity_threshold_minutes: u32,
    /// A desk's session ends this long after the last input, in minutes: 5 to 43,200.
    #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 43200))]
    pub idle_timeout_minutes: u32,
    /// Absolute life of a session, in hours: 1 to 8,760.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 8760))]
    pub session_max_hours: u32,
    /// A till locks this long after the last input, in minutes; absent: never by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1440))]
    pub lock_after_minutes: Option<u32>,
    /// How many live sessions a user may have in the organisation, 1 to 100; absent: any number. A sign-in beyond it ends
    /// the user's session there that was without input for the longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub device_limit: Option<u32>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            token_expiration_minutes: 15,
            activity_threshold_minutes: 15,
            idle_timeout_minutes: 480,
            session_max_hours: 720,
            lock_after_minutes: None,
            device_limit: None,
        }
    }
}

/// Why settings are refused: the field and the reason, in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoherent {
    /// The field to mend.
    pub field: &'static str,
    /// The reason.
    pub reason: String,
}

impl SessionSettings {
    /// Checks each range and that the times stand in order.
    ///
    /// # Errors
    /// The first field that does not fit, with the reason.
    pub fn check(&self) -> Result<(), Incoherent> {
        let range = |field, value: u32, low: u32, high: u32| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(Incoherent {
                    field,
                    reason: format!("must be between {low} and {high}, is {value}"),
                })
            }
        };
        range(
            "token_expiration_minutes",
            self.token_expiration_minutes,
            1,
            1_440,
        )?;
        range(
            "activity_threshold_minutes",
            self.activity_threshold_minutes,
            1,
            1_440,
        )?;
        range("idle_timeout_minutes", self.idle_timeout_minutes, 5, 43_200)?;
        range("session_max_hours", self.session_max_hours, 1, 8_760)?;
        if let Some(lock) = self.lock_after_minutes {
            range("lock_after_minutes", lock, 1, 1_440)?;
        }
        if let Some(devices) = self.device_limit {
            range("device_limit", devices, 1, 100)?;
        }
        let order = |field, holds: bool, reason: &str| {
            if holds {
                Ok(())
            } else {
                Err(Incoherent {
                    field,
                    reason: reason.to_owned(),
                })
            }
        };
        order(
            "token_expiration_minutes",
            self.token_expiration_minutes <= self.idle_timeout_minutes,
            "an access token must not outlive the idle time, or idleness would end nothing",
        )?;
        order(
            "idle_timeout_minutes",
            self.idle_timeout_minutes <= self.session_max_hours.saturating_mul(60),
            "the idle time must not be longer than the whole session",
        )?;
        order(
            "activity_threshold_minutes",
            self.activity_threshold_minutes <= self.idle_timeout_minutes,
            "somebody cannot count as active for longer than the idle time",
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::SessionSettings;

    proptest! {
        #[test]
        fn settings_that_pass_stand_in_order(
            token_expiration_minutes in 0..2_000_u32,
            activity_threshold_minutes in 0..2_000_u32,
            idle_timeout_minutes in 0..50_000_u32,
            session_max_hours in 0..10_000_u32,
        ) {
            let settings = SessionSettings {
                token_expiration_minutes,
                activity_threshold_minutes,
                idle_timeout_minutes,
                session_max_hours,
                lock_after_minutes: None,
                device_limit: None,
            };
            let ordered = (1..=1_440).contains(&token_expiration_minutes)
                && (1..=1_440).contains(&activity_threshold_minutes)
                && (5..=43_200).contains(&idle_timeout_minutes)
                && (1..=8_760).contains(&session_max_hours)
                && token_expiration_minutes <= idle_timeout_minutes
                && activity_threshold_minutes <= idle_timeout_minutes
                && idle_timeout_minutes <= session_max_hours * 60;
            prop_assert_eq!(settings.check().is_ok(), ordered);
            if let Err(incoherent) = settings.check() {
                prop_assert!(incoherent.field.ends_with("minutes") || incoherent.field.ends_with("hours"));
            }
        }
    }

    #[test]
    fn defaults_are_coherent() {
        assert_eq!(SessionSettings::default().check(), Ok(()));
    }

    #[test]
    fn a_device_limit_has_a_range() {
        for (devices, fits) in [(0, false), (1, true), (100, true), (101, false)] {
            let settings = SessionSettings {
                device_limit: Some(devices),
                ..Default::default()
            };
            assert_eq!(settings.check().is_ok(), fits, "{devices}");
        }
    }

    #[test]
    fn a_token_that_outlives_the_idle_time_is_refused() {
        let settings = SessionSettings {
            token_expiration_minutes: 30,
            idle_timeout_minutes: 20,
            ..Default::default()
        };
        assert_eq!(
            settings.check().map_err(|e| e.field),
            Err("token_expiration_minutes")
        );
    }

    #[test]
    fn an_idle_time_beyond_the_session_is_refused() {
        let settings = SessionSettings {
            session_max_hours: 1,
            idle_timeout_minutes: 120,
            ..Default::default()
        };
        assert_eq!(settings.check().map_err(|e| e.field), Err("idle_timeout_minutes"));
    }
}
