//! Deeds for a process that is killed in the middle of them, and whether what it did and what the audit log says agree.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use protocol::auth::{DeviceKind, OrganizationRole};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

use super::fixture::{START, World, entry, new_session, origin};
use super::{Conforms, Violation, ensure};
use crate::{
    AuditEntry, BegunImpersonation, ImpersonationEnd, Impersonator, NewImpersonation, NewUser, RevokeReason,
    Store, StoreError,
};

/// How many deeds are done beside each other.
const AT_ONCE: u32 = 8;

/// The most lines of a process that are waited for before it is killed.
const LINES_MOST: u16 = 96;

/// A deed with a row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Deed {
    /// A user is added.
    UserAdded,
    /// A session begins.
    SessionBegun,
    /// A session is revoked.
    SessionRevoked,
    /// An impersonation begins.
    ImpersonationBegun,
    /// An impersonation is forced to stop.
    ImpersonationForced,
}

/// How far a deed had come by the word of the process that did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// It was about to be done.
    Begun,
    /// The store had said that it was done.
    Done,
}

/// What a process said of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// How far it was.
    pub stage: Stage,
    /// Which.
    pub deed: Deed,
    /// To what.
    pub id: Uuid,
}

impl Said {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let (stage, deed, id) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            stage: stage.parse().ok()?,
            deed: deed.parse().ok()?,
            id: id.parse().ok()?,
        })
    }

    fn say(self) -> std::io::Result<()> {
        let Self { stage, deed, id } = self;
        let (stage, deed): (&str, &str) = (stage.into(), deed.into());
        let mut output = std::io::stdout().lock();
        // The harness of the tests may have left its own line open.
        output.write_all(format!("\n{stage} {deed} {id}\n").as_bytes())?;
        output.flush()
    }
}

/// What became of the deeds that a killed process had begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Done, with their row.
    pub both: u32,
    /// Not done, and without a row.
    pub neither: u32,
}

/// Somebody who acts, and as whom.
#[derive(Clone, Copy)]
struct Cast {
    paul: Uuid,
    anna: Uuid,
    quai: Uuid,
}

/// Puts into an empty store those who do the deeds.
///
/// # Errors
/// What the store refuses.
pub async fn people(store: Arc<dyn Store>) -> Conforms {
    let world = World::beside(store, "").await?;
    let audit = entry("user.super_admin_set");
    world.store.set_super_admin(world.paul, true, audit).await?;
    Ok(())
}

/// Does deeds of every kind, several at once, and says each on standard output before and after, until the process is killed.
///
/// # Errors
/// What the store refuses, or that nobody reads.
pub async fn without_end(store: Arc<dyn Store>) -> Conforms {
    let known = async |name: &str| {
        let found = store.user_by_name(name).await?;
        found.ok_or_else(|| Violation::Broken(format!("{name} is not there")))
    };
    let (anna, paul) = (known("anna").await?, known("paul").await?);
    let place = anna
        .memberships
        .first()
        .map(|membership| membership.organization.id);
    let cast = Cast {
        paul: paul.id,
        anna: anna.id,
        quai: place.unwrap_or_default(),
    };
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let store = Arc::clone(&store);
        workers.spawn(async move {
            loop {
                round(&*store, cast).await?;
            }
        });
    }
    match workers.join_next().await {
        Some(Ok(ended)) => ended,
        Some(Err(_)) | None => Err(Violation::Broken("nobody works".to_owned())),
    }
}

fn audit(deed: Deed, id: Uuid) -> AuditEntry {
    let word: &'static str = deed.into();
    AuditEntry {
        target: Some(target(deed, id)),
        ..entry(word)
    }
}

fn target(deed: Deed, id: Uuid) -> String {
    let word: &'static str = deed.into();
    format!("{word}:{id}")
}

async fn told<T>(
    deed: Deed,
    id: Uuid,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, Violation> {
    let say = |stage| {
        let said = Said { stage, deed, id };
        said.say()
            .map_err(|error| Violation::Broken(format!("nobody reads: {error}")))
    };
    say(Stage::Begun)?;
    let done = work.await?;
    say(Stage::Done)?;
    Ok(done)
}

async fn round(store: &dyn Store, cast: Cast) -> Conforms {
    let user = Uuid::now_v7();
    let new = NewUser {
        id: user,
        username: user.to_string(),
        display_name: "Noe".to_owned(),
        password_hash: String::new(),
        one_time_password: false,
        organization_id: cast.quai,
        role: OrganizationRole::User,
        site_id: None,
    };
    let adding = store.add_user(new, audit(Deed::UserAdded, user));
    told(Deed::UserAdded, user, adding).await?;

    let session = new_session(cast.paul, cast.quai, DeviceKind::Desk, START);
    let behind = session.id;
    let beginning = store.begin_session(session, audit(Deed::SessionBegun, behind));
    told(Deed::SessionBegun, behind, beginning).await?;

    let acting = Uuid::now_v7();
    let new = NewImpersonation {
        id: acting,
        impersonator: Impersonator {
            user_id: cast.paul,
            session_id: behind,
        },
        user_id: cast.anna,
        organization_id: cast.quai,
        reason: "a sale that does not leave".to_owned(),
        origin: origin(5),
        now: START,
    };
    let beginning = store.begin_impersonation(new, audit(Deed::ImpersonationBegun, acting));
    let begun = told(Deed::ImpersonationBegun, acting, beginning).await?;
    ensure!(
        matches!(begun, BegunImpersonation::Begun(_)),
        "an impersonation is refused: {begun:?}"
    );
    let (how, entry) = (ImpersonationEnd::Forced, audit(Deed::ImpersonationForced, acting));
    let ending = store.end_impersonation(acting, how, START + 1, entry);
    told(Deed::ImpersonationForced, acting, ending).await?;

    let (reason, entry) = (RevokeReason::ByOwner, audit(Deed::SessionRevoked, behind));
    let revoking = store.revoke_session(behind, None, None, reason, START + 1, entry);
    told(Deed::SessionRevoked, behind, revoking).await?;
    Ok(())
}

/// Runs this, which is to end up in [`without_end`], kills it after a number of lines that nobody knows beforehand, and
/// returns what it said of each deed at last.
///
/// # Errors
/// The process cannot be run, or ends by itself.
pub fn of_a_killed_process(command: &mut Command) -> std::io::Result<Vec<Said>> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let output = child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    let mut lines = BufReader::new(output).lines();
    let [first, second, ..] = *Uuid::new_v4().as_bytes();
    let wanted = 1 + u16::from_le_bytes([first, second]) % LINES_MOST;
    let mut said = Vec::new();
    let mut heard = 0;
    while heard < wanted {
        let line = lines.next().ok_or(std::io::ErrorKind::UnexpectedEof)??;
        heard += u16::from(note(&line, &mut said));
    }
    child.kill()?;
    for line in lines.map_while(Result::ok) {
        note(&line, &mut said);
    }
    child.wait()?;
    Ok(said)
}

fn note(line: &str, said: &mut Vec<Said>) -> bool {
    let Some(new) = Said::read(line) else {
        return false;
    };
    match said
        .iter_mut()
        .find(|old| (old.deed, old.id) == (new.deed, new.id))
    {
        Some(old) => old.stage = old.stage.max(new.stage),
        None => said.push(new),
    }
    true
}

/// Looks up each deed and its row: both are there, or neither is, and both where the process had heard that it was done.
///
/// # Errors
/// One of them stands alone, or what was said to be done is not.
pub async fn agree(store: &dyn Store, said: &[Said]) -> Result<Tally, Violation> {
    let limit = u32::try_from(said.len() * 2 + 200).unwrap_or(u32::MAX);
    let rows = store.audit_rows(None, limit).await?;
    let mut tally = Tally::default();
    for Said { stage, deed, id } in said {
        let is_done = match deed {
            Deed::UserAdded => store.user(*id).await?.is_some(),
            Deed::SessionBegun | Deed::ImpersonationBegun => store.identity(*id).await?.is_some(),
            Deed::SessionRevoked | Deed::ImpersonationForced => {
                let found = store.identity(*id).await?;
                found.is_some_and(|identity| identity.session.revoked.is_some())
            }
        };
        let target = target(*deed, *id);
        let written = rows
            .iter()
            .filter(|row| row.target.as_deref() == Some(target.as_str()))
            .count();
        match (is_done, written) {
            (true, 1) => tally.both += 1,
            (false, 0) if *stage == Stage::Begun => tally.neither += 1,
            (_, _) => {
                return Err(Violation::Broken(format!(
                    "{target} was {stage:?}; done: {is_done}, rows: {written}"
                )));
            }
        }
    }
    Ok(tally)
}
