//! Faults with alerts.

use async_trait::async_trait;
use protocol::alert::{AlertKind, MonitoringSettings, Telling};
use uuid::Uuid;

use super::{Mutant, Mutation, accept};
use crate::{
    AlertMessage, AlertPlace, AlertRow, Alerts, AuditEntry, MailRow, Millis, Recipient, Settled, Standing,
    Stood, StoreError,
};

#[async_trait]
impl Alerts for Mutant {
    async fn monitoring_settings(&self, organization_id: Uuid) -> Result<MonitoringSettings, StoreError> {
        let mut found = self.store.monitoring_settings(organization_id).await?;
        if self.is(Mutation::MonitoringDefaultsOfItsOwn) && found == MonitoringSettings::default() {
            found.retention_days += 1;
        }
        if self.is(Mutation::OpeningHoursForgotten) {
            found.opening_hours.clear();
        }
        Ok(found)
    }

    async fn put_monitoring_settings(
        &self,
        organization_id: Uuid,
        settings: MonitoringSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        if self.is(Mutation::MonitoringOfAll) {
            for other in self.organizations_seen() {
                let entry = super::another(&audit);
                self.store
                    .put_monitoring_settings(other, settings.clone(), entry)
                    .await?;
            }
        }
        let outcome = self
            .store
            .put_monitoring_settings(organization_id, settings, audit)
            .await;
        accept(outcome, self.is(Mutation::MonitoringOfNobodyAccepted), ())
    }

    async fn mail_settings(&self) -> Result<Option<MailRow>, StoreError> {
        let mut found = self.store.mail_settings().await?;
        if let Some(row) = found
            .as_mut()
            .filter(|_| self.is(Mutation::MailPasswordForgotten))
        {
            row.sealed_password = None;
        }
        Ok(found)
    }

    async fn put_mail_settings(&self, row: MailRow, audit: AuditEntry) -> Result<(), StoreError> {
        self.store.put_mail_settings(row, audit).await
    }

    async fn note_standing(
        &self,
        mut standing: Standing,
        mut tell: Vec<Recipient>,
        mut repeat_ms: Option<Millis>,
        now: Millis,
    ) -> Result<Stood, StoreError> {
        if self.is(Mutation::AlertBeginsEachTime) {
            standing.subject_key = standing.id.to_string();
        }
        if self.is(Mutation::AlertsShareOneSubject) {
            standing.subject_key.clear();
        }
        if self.is(Mutation::WorstIsTheFirst) {
            standing.count = standing.count.min(5);
        }
        if self.is(Mutation::WorstByNumberAlone) {
            standing.of = standing.of.map(|_| 1_000);
        }
        if self.is(Mutation::WorstOfForgotten) {
            standing.of = None;
        }
        if self.is(Mutation::FirstRecipientOnly) {
            tell.truncate(1);
        }
        if self.is(Mutation::RepeatsEachTime) {
            repeat_ms = repeat_ms.map(|_| 0);
        }
        if self.is(Mutation::NeverRepeats) {
            repeat_ms = None;
        }
        self.store.note_standing(standing, tell, repeat_ms, now).await
    }

    async fn end_alerts(
        &self,
        organization_id: Uuid,
        mut stood_until: Millis,
        mut tell: Vec<Recipient>,
        now: Millis,
    ) -> Result<u32, StoreError> {
        if self.is(Mutation::AlertEndsWhileItStands) {
            stood_until = Millis::MAX;
        }
        if self.is(Mutation::AlertEndUntold) {
            tell.clear();
        }
        if self.is(Mutation::AlertsEndEverywhere) {
            let mut ended = 0;
            for other in self.organizations_seen() {
                ended += self.store.end_alerts(other, stood_until, Vec::new(), now).await?;
            }
            return Ok(ended);
        }
        self.store
            .end_alerts(organization_id, stood_until, tell, now)
            .await
    }

    async fn alerts_page(
        &self,
        organization_id: Uuid,
        mut after: Option<AlertPlace>,
        mut limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        if self.is(Mutation::AlertPageBeginsAgain) {
            after = None;
        }
        if self.is(Mutation::AlertLimitIgnored) {
            limit = u32::MAX;
        }
        let mut found = self.store.alerts_page(organization_id, after, limit).await?;
        if self.is(Mutation::AlertsOfAll) {
            for other in self.organizations_seen() {
                if other != organization_id {
                    found.extend(self.store.alerts_page(other, after, limit).await?);
                }
            }
        }
        if self.is(Mutation::EndedAlertsAmongTheOthers) {
            found.sort_by_key(|row| std::cmp::Reverse(row.began_at));
        }
        for row in &mut found {
            if self.is(Mutation::FailedLettersPassForSent) && row.mail == Telling::Failed {
                row.mail = Telling::Sent;
            }
        }
        Ok(found)
    }

    async fn lasting_alerts(&self) -> Result<Vec<(AlertKind, u32)>, StoreError> {
        let mut found = self.store.lasting_alerts().await?;
        if self.is(Mutation::EndedAlertsCounted) {
            for organization in self.organizations_seen() {
                for row in self.store.alerts_page(organization, None, u32::MAX).await? {
                    if row.ended_at.is_some()
                        && let Some((_, count)) = found.iter_mut().find(|(kind, _)| *kind == row.kind)
                    {
                        *count += 1;
                    }
                }
            }
        }
        Ok(found)
    }

    async fn claim_messages(
        &self,
        claim: Uuid,
        now: Millis,
        mut lease_ms: Millis,
        mut limit: u32,
    ) -> Result<Vec<AlertMessage>, StoreError> {
        if self.is(Mutation::ClaimedByAll) {
            lease_ms = 0;
        }
        if self.is(Mutation::ClaimedForEver) {
            lease_ms *= 1_000;
        }
        if self.is(Mutation::ClaimLimitIgnored) {
            limit = u32::MAX;
        }
        let found = self.store.claim_messages(claim, now, lease_ms, limit).await?;
        self.seen().claim = Some(claim);
        Ok(found)
    }

    async fn settle_message(
        &self,
        id: Uuid,
        mut claim: Uuid,
        mut settled: Settled,
    ) -> Result<bool, StoreError> {
        if self.is(Mutation::SettledByAnybody)
            && let Some(holds) = self.seen().claim
        {
            claim = holds;
        }
        if self.is(Mutation::LateMessagesGivenUp) && matches!(settled, Settled::Again { .. }) {
            settled = Settled::GivenUp;
        }
        self.store.settle_message(id, claim, settled).await
    }

    async fn purge_alerts(&self, mut ended_before: Millis, mut limit: u32) -> Result<u32, StoreError> {
        if self.is(Mutation::AlertsPurgedTooEarly) {
            ended_before = Millis::MAX;
        }
        if self.is(Mutation::AlertPurgeLimitIgnored) {
            limit = u32::MAX;
        }
        self.store.purge_alerts(ended_before, limit).await
    }
}
