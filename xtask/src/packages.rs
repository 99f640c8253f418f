//! What the project needs from the system, why, and how each system calls it.

/// What a package is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Compiling.
    Build,
    /// Starting the app.
    Run,
    /// A screen, a keychain and notices where there are none.
    Desktop,
    /// The tests.
    Test,
}

/// How to see on any system whether it is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Probe {
    /// A program on the search path.
    Program(&'static str),
    /// A library that pkg-config knows.
    Library(&'static str),
    /// One of these files.
    AnyFile(&'static [&'static str]),
    /// Not to be seen without the system's package tool.
    Unseen,
}

/// One thing the project needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    /// Its name on Debian and Ubuntu.
    pub(crate) debian: &'static str,
    /// Its name on Fedora.
    pub(crate) fedora: &'static str,
    /// What it is needed for.
    pub(crate) need: Need,
    /// The reason in a few words.
    pub(crate) why: &'static str,
    /// How to see whether it is there.
    pub(crate) probe: Probe,
    /// The service that Debian starts with it, where nothing here wants that one to run.
    pub(crate) unwanted_service: Option<&'static str>,
}

const fn package(
    need: Need,
    debian: &'static str,
    fedora: &'static str,
    probe: Probe,
    why: &'static str,
) -> Package {
    Package {
        debian,
        fedora,
        need,
        why,
        probe,
        unwanted_service: None,
    }
}

impl Package {
    const fn without_service(self, service: &'static str) -> Self {
        Self {
            unwanted_service: Some(service),
            ..self
        }
    }
}

/// Everything, in the order in which it is explained.
pub(crate) const PACKAGES: &[Package] = &[
    package(
        Need::Build,
        "build-essential",
        "gcc-c++ make",
        Probe::Program("cc"),
        "a C compiler and linker",
    ),
    package(
        Need::Build,
        "pkg-config",
        "pkgconf-pkg-config",
        Probe::Program("pkg-config"),
        "finds system libraries",
    ),
    package(
        Need::Build,
        "curl",
        "curl",
        Probe::Program("curl"),
        "fetches over https, with the certificates for it",
    ),
    package(
        Need::Build,
        "libwebkit2gtk-4.1-dev",
        "webkit2gtk4.1-devel",
        Probe::Library("webkit2gtk-4.1"),
        "the webview that shows the interface",
    ),
    package(
        Need::Run,
        "libayatana-appindicator3-1",
        "libayatana-appindicator-gtk3",
        Probe::Unseen,
        "the icon in the tray",
    ),
    package(
        Need::Run,
        "fonts-dejavu-core",
        "dejavu-sans-fonts",
        Probe::Unseen,
        "a font with every accent",
    ),
    package(
        Need::Desktop,
        "xvfb",
        "xorg-x11-server-Xvfb",
        Probe::Program("Xvfb"),
        "a virtual screen",
    ),
    package(
        Need::Desktop,
        "xauth",
        "xauth",
        Probe::Program("xauth"),
        "access to the virtual screen",
    ),
    package(
        Need::Desktop,
        "openbox",
        "openbox",
        Probe::Program("openbox"),
        "a window manager for it",
    ),
    package(
        Need::Desktop,
        "xdotool",
        "xdotool",
        Probe::Program("xdotool"),
        "types and clicks on it",
    ),
    package(
        Need::Desktop,
        "imagemagick",
        "ImageMagick",
        Probe::Program("import"),
        "takes pictures of it",
    ),
    package(
        Need::Desktop,
        "dbus",
        "dbus-daemon",
        Probe::Program("dbus-daemon"),
        "a session bus of its own",
    ),
    package(
        Need::Desktop,
        "dbus-x11",
        "dbus-x11",
        Probe::Program("dbus-launch"),
        "the bus on that screen",
    ),
    package(
        Need::Desktop,
        "gnome-keyring",
        "gnome-keyring",
        Probe::Program("gnome-keyring-daemon"),
        "a keychain",
    ),
    package(
        Need::Desktop,
        "libsecret-tools",
        "libsecret",
        Probe::Program("secret-tool"),
        "looks into the keychain",
    ),
    package(
        Need::Desktop,
        "dunst",
        "dunst",
        Probe::Program("dunst"),
        "shows notifications",
    ),
    package(
        Need::Test,
        "webkit2gtk-driver",
        "webkit2gtk4.1-devel",
        Probe::Program("WebKitWebDriver"),
        "drives the real window",
    ),
    package(
        Need::Test,
        "iproute2",
        "iproute",
        Probe::Program("ip"),
        "networks that can be cut",
    ),
    package(
        Need::Test,
        "nftables",
        "nftables",
        Probe::Program("nft"),
        "loses packets on purpose",
    ),
    package(
        Need::Test,
        "faketime",
        "libfaketime",
        Probe::Program("faketime"),
        "other dates for the app alone",
    ),
    package(
        Need::Test,
        "python3-venv",
        "python3",
        Probe::Unseen,
        "environments for programs from PyPI",
    ),
    package(
        Need::Test,
        "strace",
        "strace",
        Probe::Program("strace"),
        "counts writes to the disk",
    ),
    package(
        Need::Test,
        "postgresql",
        "postgresql-server postgresql",
        Probe::AnyFile(&["/usr/lib/postgresql/15/bin/initdb", "/usr/bin/initdb"]),
        "databases of the tests' own; its service need not run",
    ),
    package(
        Need::Test,
        "nginx-light",
        "nginx",
        Probe::AnyFile(&["/usr/sbin/nginx", "/usr/bin/nginx"]),
        "the balancer of the two-node example; its service need not run",
    ),
    package(
        Need::Test,
        "prometheus",
        "golang-github-prometheus",
        Probe::Program("promtool"),
        "tries the rules, and collects figures in the tests",
    )
    .without_service("prometheus"),
    package(
        Need::Test,
        "prometheus-alertmanager",
        "golang-github-prometheus-alertmanager",
        Probe::AnyFile(&["/usr/bin/prometheus-alertmanager", "/usr/bin/alertmanager"]),
        "passes alerts on in the tests",
    )
    .without_service("prometheus-alertmanager"),
    package(
        Need::Test,
        "chromium",
        "chromium",
        Probe::Unseen,
        "the yardstick for memory and start-up",
    ),
];

/// What is needed for all of `needs`.
pub(crate) fn packages(needs: &[Need]) -> impl Iterator<Item = &'static Package> {
    let needs = needs.to_vec();
    PACKAGES
        .iter()
        .filter(move |package| needs.contains(&package.need))
}
