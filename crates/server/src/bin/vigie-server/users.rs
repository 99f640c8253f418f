//! Commands about users: what gets an administrator in who has no screen to do it on.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};

use protocol::Secret;
use protocol::auth::OrganizationRole;
use server::config::Config;
use server::control::wire::{
    AccountState, AddUser, AddedUser, Done, Ended, Join, ListedUser, Outcome, PasswordSet, SetPassword,
    UserStanding,
};
use server::control::{Reach, Refused};
use zeroize::Zeroizing;

use crate::Failed;
use crate::administer::{encoded, path, reach};
use crate::arguments::{User, UserAdd, UserJoin, UserList, UserPassword};
use crate::table::{print, say};

pub(crate) async fn user(config: &Config, command: User) -> Result<(), Failed> {
    // A password is read before anything is opened, so that nothing waits for whoever types it.
    let password = password(&command)?;
    let reach = reach(config).await?;
    let done = done(&reach, command, password).await;
    reach.close().await;
    done
}

async fn done(reach: &Reach, command: User, password: Option<Secret>) -> Result<(), Failed> {
    match command {
        User::Add(new) => announce(&add(reach, new, password).await?)?,
        User::List(wanted) => list(reach, wanted).await?,
        User::Password(UserPassword { username, .. }) => {
            let path = of(&username, "password");
            announce_password(&reach.post(&path, &SetPassword { password }).await?)?;
        }
        User::Join(UserJoin {
            username,
            role,
            site,
            of: organization,
        }) => {
            let role: OrganizationRole = role.into();
            let join = Join {
                organization: organization.organization,
                site,
                role,
            };
            let Done {} = reach.post(&of(&username, "join"), &join).await?;
            say(format_args!("`{username}` is a member, as {}", role_name(role)))?;
        }
        User::Disable { username } => {
            let Ended { sessions } = reach.post(&of(&username, "disable"), &Done {}).await?;
            say(format_args!(
                "`{username}` is disabled; {sessions} sessions ended"
            ))?;
        }
        User::Enable { username } => {
            told(reach, &username, "enable", "can sign in").await?;
        }
        User::Promote { username } => {
            told(reach, &username, "promote", "stands above all organizations").await?;
        }
        User::Demote { username } => {
            told(
                reach,
                &username,
                "demote",
                "has the roles in the organizations only",
            )
            .await?;
        }
    }
    Ok(())
}

/// Has something made so and says that it is.
async fn told(reach: &Reach, username: &str, verb: &str, so: &str) -> Result<(), Failed> {
    let already = match reach.post::<_, Outcome>(&of(username, verb), &Done {}).await? {
        Outcome::Changed => "",
        Outcome::AlreadySo => " already",
    };
    Ok(say(format_args!("`{username}` {so}{already}"))?)
}

async fn add(reach: &Reach, new: UserAdd, password: Option<Secret>) -> Result<AddedUser, Refused> {
    let user = AddUser {
        organization: new.of.organization,
        site: new.site,
        display_name: new.display_name.unwrap_or_else(|| new.username.clone()),
        username: new.username,
        role: new.role.into(),
        password,
    };
    reach.post("/users", &user).await
}

async fn list(reach: &Reach, wanted: UserList) -> Result<(), Failed> {
    let path = if wanted.everywhere {
        "/users?everywhere=true".to_owned()
    } else {
        path("/users", wanted.of.organization)
    };
    let users = reach.get::<Vec<ListedUser>>(&path).await?;
    let row = |user: ListedUser| {
        let role = user.role.map_or("", role_name);
        let role = match user.standing {
            UserStanding::Within => role.to_owned(),
            UserStanding::Above => format!("{role} (super admin)").trim_start().to_owned(),
        };
        [user.username, user.display_name, role, user.state.to_string()]
    };
    let rows = users.into_iter().map(row).collect::<Vec<_>>();
    Ok(print(["USER", "NAME", "ROLE", "ACCOUNT"], &rows)?)
}

/// Shows a password that was made: on standard output, this once, and nowhere else.
pub(crate) fn announce(added: &AddedUser) -> std::io::Result<()> {
    say(format_args!("user `{}` added", added.username))?;
    show(added.one_time_password.as_ref())
}

fn announce_password(set: &PasswordSet) -> std::io::Result<()> {
    say(format_args!(
        "`{}` has a new password; {} sessions ended",
        set.username, set.sessions
    ))?;
    if set.state == AccountState::Disabled {
        say("the account is disabled: `vigie-server user enable` lets it sign in")?;
    }
    show(set.one_time_password.as_ref())
}

fn show(one_time_password: Option<&Secret>) -> std::io::Result<()> {
    match one_time_password {
        None => Ok(()),
        Some(password) => say(format_args!(
            "one-time password, shown only now: {}",
            password.expose()
        )),
    }
}

fn password(command: &User) -> Result<Option<Secret>, Failed> {
    let (from_stdin, file) = match command {
        User::Add(new) => (new.password_stdin, None),
        User::Password(new) => (new.password_stdin, new.password_file.as_ref()),
        User::List(_)
        | User::Join(_)
        | User::Disable { .. }
        | User::Enable { .. }
        | User::Promote { .. }
        | User::Demote { .. } => return Ok(None),
    };
    if let Some(path) = file {
        let unreadable = |error: std::io::Error| Failed {
            sentence: format!("password_file: {}: {error}", path.display()),
            exit: 1,
        };
        let file = File::open(path).map_err(unreadable)?;
        return first_line(BufReader::new(file)).map(Some).map_err(unreadable);
    }
    if from_stdin {
        return Ok(Some(first_line(stdin().lock())?));
    }
    Ok(None)
}

fn first_line(mut from: impl BufRead) -> std::io::Result<Secret> {
    let mut line = Zeroizing::new(String::new());
    from.read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

fn of(username: &str, verb: &str) -> String {
    format!("/users/{}/{verb}", encoded(username))
}

const fn role_name(role: OrganizationRole) -> &'static str {
    match role {
        OrganizationRole::User => "user",
        OrganizationRole::Manager => "manager",
        OrganizationRole::Admin => "admin",
        OrganizationRole::Owner => "owner",
    }
}
