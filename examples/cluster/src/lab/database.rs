//! A PostgreSQL from Debian's packages, on loopback, in a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use std::{env, process};

use crate::Failure;

const MISSING: &str =
    "no PostgreSQL is here: apt-get install -y --no-install-recommends postgresql";

/// A server, which is stopped, and its folder removed, when this is dropped.
pub(crate) struct Database {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Database {
    pub(crate) fn start() -> Result<Self, Failure> {
        let database = Self {
            programs: programs()?,
            folder: env::temp_dir().join(format!("taskdex-cluster-{}", process::id())),
            port: TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
        };
        fs::create_dir_all(&database.folder)?;
        if is_root()? {
            // The server refuses to run as root.
            done(Command::new("chown").arg("postgres:").arg(&database.folder))?;
        }
        let options = "-U postgres -A trust --no-sync --locale=C.UTF-8 -E UTF8 -D";
        let mut initdb = database.program("initdb")?;
        done(initdb.args(options.split(' ')).arg(database.data()))?;
        database.run()?;
        Ok(database)
    }

    /// Starts the server, also after its end.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let (folder, port) = (self.folder.display(), self.port);
        let options = format!(
            "-k {folder} -h 127.0.0.1 -p {port} -c shared_buffers=256MB -c max_connections=200"
        );
        let mut tries = 0;
        loop {
            let mut start = self.program("pg_ctl")?;
            start.arg("-D").arg(self.data()).args(["-w", "-t", "60"]);
            start.arg("-l").arg(self.folder.join("log"));
            let started = done(start.args(["-o", &options, "start"]));
            tries += 1;
            // What a killed server leaves behind is gone a moment later.
            match started {
                Err(_) if tries < 20 => sleep(Duration::from_millis(200)),
                started => return started,
            }
        }
    }

    /// Kills the server, as a machine that loses power would.
    pub(crate) fn kill(&self) -> Result<(), Failure> {
        let pid = fs::read_to_string(self.data().join("postmaster.pid"))?;
        let pid = pid.lines().next().ok_or("no process")?.to_owned();
        signal("KILL", &pid)
    }

    pub(crate) fn dsn(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres",
            self.port
        )
    }

    /// The first column of the first row that a query gives.
    pub(crate) fn ask(&self, sql: &str) -> Result<String, Failure> {
        let mut psql = self.program("psql")?;
        let output = psql.args(["-At", "-d", &self.dsn(), "-c", sql]).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn program(&self, name: &str) -> Result<Command, Failure> {
        let program = self.programs.join(name);
        let mut command = if is_root()? {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").stdin(Stdio::null());
        Ok(command)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut stop) = self.program("pg_ctl") {
            let stop = stop
                .arg("-D")
                .arg(self.data())
                .args(["-m", "immediate", "stop"]);
            let _ = stop.output();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(name: &str, pid: &str) -> Result<(), Failure> {
    done(Command::new("kill").args(["-s", name, pid]))
}

/// Where Debian puts the programs of the newest version that is installed.
fn programs() -> Result<PathBuf, Failure> {
    let versions = fs::read_dir("/usr/lib/postgresql").map_err(|_| MISSING)?;
    let versions = versions.filter_map(|it| Some(it.ok()?.path().join("bin")));
    let versions = versions.filter(|it| it.join("initdb").exists());
    let number = |path: &PathBuf| {
        let version = path.parent().and_then(Path::file_name);
        version.and_then(|it| it.to_str()?.parse::<u32>().ok())
    };
    Ok(versions.max_by_key(number).ok_or(MISSING)?)
}

fn is_root() -> Result<bool, Failure> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

fn done(command: &mut Command) -> Result<(), Failure> {
    // A server that goes on would keep pipes open.
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status.map_err(|error| format!("{command:?}: {error}"))? {
        status if status.success() => Ok(()),
        status => Err(format!("{command:?}: {status}").into()),
    }
}
