//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use protocol::alert::AlertLanguage;
use protocol::auth::OrganizationRole;
use server::config::{Config, ConfigError, Flags, default_config_file, load};
use server::oversight::Month;
use server::serve::Seed;
use uuid::Uuid;

/// The server of Vigie: sessions, sign-in and sales for tills and desks.
///
/// A first start takes three commands:
///
///   vigie-server init --organization-name "Ressourcerie du Port" --admin dominique
///   vigie-server category add "Vaisselle" --price-cents 100 --shortcut v
///   vigie-server serve
///
/// Settings come from a TOML file, from the environment (VIGIE_SERVER_LISTEN, VIGIE_SERVER_TLS__CERT, …), which goes
/// over the file, and from flags, which go over both. The other commands speak to the running server through its own
/// socket; where none runs, they open the database themselves.
#[derive(Parser)]
#[command(name = "vigie-server", version, verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args)]
pub(crate) struct Settings {
    /// The configuration file; without it, the one in the platform's configuration directory, if it is there
    #[arg(long, global = true, env = "VIGIE_SERVER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on, such as 127.0.0.1:8443
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The database: a file, or postgres://user@host/name (password: VIGIE_DATABASE_URL or `database.password_file`)
    #[arg(long, global = true, value_name = "FILE|URL")]
    database: Option<PathBuf>,
    /// The key file; never in the database's directory
    #[arg(long, global = true, value_name = "FILE")]
    keys_file: Option<PathBuf>,
    /// The socket through which commands reach the running server; by default beside the database
    #[arg(long, global = true, value_name = "FILE")]
    control_socket: Option<PathBuf>,
    /// The address under which clients know this server, such as https://vigie.example.org
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Certificate chain in PEM; without it and its key the server speaks plain HTTP
    #[arg(long, global = true, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Private key in PEM
    #[arg(long, global = true, value_name = "FILE")]
    tls_key: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn load(self) -> Result<Config, ConfigError> {
        let mut flags = Flags {
            listen: self.listen,
            database: self.database,
            keys_file: self.keys_file,
            control_socket: self.control_socket,
            public_url: self.public_url,
            ..Flags::default()
        };
        flags.tls.cert = self.tls_cert;
        flags.tls.key = self.tls_key;
        let file = self
            .config
            .or_else(|| default_config_file().filter(|file| file.exists()));
        load(file.as_deref(), &flags)
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve until SIGTERM or Ctrl-C, then finish what is under way
    Serve(Serve),
    /// Make keys, database, the first organization and its administrator
    Init(Init),
    /// Say what configuration, keys, certificate and database are like
    Check,
    /// Write a copy of the database to a file, while the server goes on
    Backup(Backup),
    /// Put a backup back, and settle what becomes of sessions
    Restore(Restore),
    /// Copy a whole database from a file to PostgreSQL, or back, and compare both
    Migrate(Migrate),
    /// Check that nobody changed the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Report on impersonations
    #[command(subcommand)]
    Impersonation(Impersonation),
    /// Add and list users, set passwords, disable accounts, name super admins
    #[command(subcommand)]
    User(User),
    /// List and close sessions
    #[command(subcommand)]
    Session(Session),
    /// Add and list organizations
    #[command(subcommand)]
    Organization(Organization),
    /// Add and list sites
    #[command(subcommand)]
    Site(Site),
    /// Add and list tills
    #[command(subcommand)]
    Till(Till),
    /// Add and list the categories on the tills
    #[command(subcommand)]
    Category(Category),
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Add the demonstration's accounts and categories first; everybody knows their passwords
    #[cfg(feature = "demo")]
    #[arg(long)]
    demo: bool,
}

impl Serve {
    #[cfg(feature = "demo")]
    pub(crate) const fn seed(&self) -> Seed {
        if self.demo { Seed::Demo } else { Seed::Nothing }
    }

    #[cfg(not(feature = "demo"))]
    #[expect(
        clippy::unused_self,
        reason = "with the demonstration built in, it depends on a flag"
    )]
    pub(crate) const fn seed(&self) -> Seed {
        Seed::Nothing
    }
}

#[derive(Args)]
pub(crate) struct Init {
    /// The first organization's name
    #[arg(long, value_name = "NAME", default_value = "Vigie")]
    pub(crate) organization_name: String,
    /// Its short name; without it, made from the name
    #[arg(long, value_name = "SLUG")]
    pub(crate) organization: Option<String>,
    /// Its first site
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Option<String>,
    /// The first administrator's user name; the one-time password is shown once, on the terminal
    #[arg(long, value_name = "USER", default_value = "admin")]
    pub(crate) admin: String,
    /// The first administrator's name to show
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: Option<String>,
    /// Also make a certificate authority and a server certificate in this directory
    #[arg(long, value_name = "DIR", requires = "names")]
    pub(crate) self_signed_ca: Option<PathBuf>,
    /// A host name or address for that certificate; may be given several times
    #[arg(long = "name", value_name = "HOST", num_args = 1.., requires = "self_signed_ca")]
    pub(crate) names: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Backup {
    /// The file to write; it must not exist
    pub(crate) file: PathBuf,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// The backup; without it the database stays as it is, put back by other means, and only its sessions are settled
    pub(crate) file: Option<PathBuf>,
    /// What becomes of sessions that were open when the backup was made
    #[arg(long, value_enum)]
    pub(crate) sessions: Sessions,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Sessions {
    /// They go on: nobody has to sign in again
    Keep,
    /// They end: everybody signs in again
    End,
}

#[derive(Args)]
pub(crate) struct Migrate {
    /// The database to copy: sqlite:PATH, or postgres://user@host/database; no server may run on it
    #[arg(long, value_name = "DATABASE")]
    pub(crate) from: String,
    /// The database to copy to, of the other kind; it must be empty
    #[arg(long, value_name = "DATABASE")]
    pub(crate) to: String,
    /// A file with the password for PostgreSQL, which not everybody may read
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Check every row, link and seal, and the heads that are kept elsewhere; name what was changed first
    Verify(Verify),
}

#[derive(Args)]
pub(crate) struct Verify {
    /// A file of heads to compare with, or with heads as they were posted, one a line; may be given several times; without
    /// it, the one of the configuration
    #[arg(long, visible_alias = "head", value_name = "FILE")]
    pub(crate) heads: Vec<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Impersonation {
    /// Write the report on a month as a page (HTML) and as a PDF
    Report(ImpersonationReport),
}

#[derive(Args)]
pub(crate) struct ImpersonationReport {
    /// The month, such as 2026-10
    #[arg(long, value_name = "MONTH")]
    pub(crate) month: Month,
    /// The directory to write both files to; none that is there is written over
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// The language of the report; without it, the one that all organizations have set for letters
    #[arg(long, value_enum)]
    pub(crate) language: Option<Language>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Language {
    /// French
    French,
    /// English
    English,
}

impl From<Language> for AlertLanguage {
    fn from(language: Language) -> Self {
        match language {
            Language::French => Self::French,
            Language::English => Self::English,
        }
    }
}

/// Which organization is meant.
#[derive(Args)]
pub(crate) struct OfOrganization {
    /// The organization's short name; not needed where there is only one
    #[arg(long, value_name = "SLUG")]
    pub(crate) organization: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum User {
    /// Add a user; without --password-stdin a one-time password is made and shown once
    Add(UserAdd),
    /// List an organization's users, or everybody
    List(UserList),
    /// Set a password and end the user's sessions; without --password-stdin or --password-file, a one-time password is
    /// made and shown once
    Password(UserPassword),
    /// Make a user a member of an organization, or change role and site there
    Join(UserJoin),
    /// Disable an account and end its sessions at once
    Disable {
        /// The user name
        username: String,
    },
    /// Let a disabled account sign in again
    Enable {
        /// The user name
        username: String,
    },
    /// Put a user above all organizations, as a super admin
    Promote {
        /// The user name
        username: String,
    },
    /// Take a super admin back to the roles in the organizations
    Demote {
        /// The user name
        username: String,
    },
}

#[derive(Args)]
pub(crate) struct UserList {
    #[command(flatten)]
    pub(crate) of: OfOrganization,
    /// List the users of all organizations, and those of none
    #[arg(long, conflicts_with = "organization")]
    pub(crate) everywhere: bool,
}

#[derive(Args)]
pub(crate) struct UserJoin {
    /// The user name
    pub(crate) username: String,
    /// What the user may do there
    #[arg(long, value_enum, default_value_t = Role::User)]
    pub(crate) role: Role,
    /// The site where the user works there
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Option<String>,
    #[command(flatten)]
    pub(crate) of: OfOrganization,
}

#[derive(Args)]
pub(crate) struct UserPassword {
    /// The user name
    pub(crate) username: String,
    /// Read the password from standard input, its first line
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Read the password from this file, its first line
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct UserAdd {
    /// The name to sign in with; letter case does not matter
    pub(crate) username: String,
    /// The name to show; without it, the user name
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: Option<String>,
    /// What the user may do
    #[arg(long, value_enum, default_value_t = Role::User)]
    pub(crate) role: Role,
    /// The site where the user works
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Option<String>,
    /// Read the password from standard input, its first line
    #[arg(long)]
    pub(crate) password_stdin: bool,
    #[command(flatten)]
    pub(crate) of: OfOrganization,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// Works at the counter
    User,
    /// Looks after a site
    Manager,
    /// Administers the organization
    Admin,
    /// Owns the organization
    Owner,
}

impl From<Role> for OrganizationRole {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Manager => Self::Manager,
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Session {
    /// List live sessions
    List(OfOrganization),
    /// Close a session: its next request is refused
    Revoke {
        /// The session's id, as `session list` shows it
        id: Uuid,
    },
}

#[derive(Subcommand)]
pub(crate) enum Organization {
    /// Add an organization
    Add {
        /// Its name
        name: String,
        /// Its short name; without it, made from the name
        #[arg(long, value_name = "SLUG")]
        slug: Option<String>,
    },
    /// List all organizations
    List,
}

#[derive(Subcommand)]
pub(crate) enum Site {
    /// Add a site
    Add {
        /// Its name
        name: String,
        #[command(flatten)]
        of: OfOrganization,
    },
    /// List an organization's sites
    List(OfOrganization),
}

#[derive(Subcommand)]
pub(crate) enum Till {
    /// Add a till to a site
    Add {
        /// Its name
        name: String,
        /// The site's name; not needed where only one is in use
        #[arg(long, value_name = "NAME")]
        site: Option<String>,
        #[command(flatten)]
        of: OfOrganization,
    },
    /// List an organization's tills
    List(OfOrganization),
}

#[derive(Subcommand)]
pub(crate) enum Category {
    /// Add a category, or change the one of that name
    Add(CategoryAdd),
    /// List an organization's categories
    List(OfOrganization),
}

#[derive(Args)]
pub(crate) struct CategoryAdd {
    /// The name on the tile
    pub(crate) name: String,
    /// The usual price of one piece in cents
    #[arg(long, value_name = "CENTS")]
    pub(crate) price_cents: Option<u32>,
    /// The key that picks it, a letter or digit
    #[arg(long, value_name = "KEY")]
    pub(crate) shortcut: Option<String>,
    /// Where it stands, smallest first; without it, at the end
    #[arg(long, value_name = "NUMBER")]
    pub(crate) position: Option<u32>,
    #[command(flatten)]
    pub(crate) of: OfOrganization,
}
