//! Signals. While a command of the user's runs they are its affair: at a terminal they reach it by themselves, and lastlook
//! waits for what it makes of them; sent to lastlook alone, they are passed on. At any other time they end lastlook, which
//! takes its temporary folders along.

use std::io;
use std::process::Child;

#[cfg(unix)]
pub use unix::{hold, install, interrupted, over, watched};

/// Starts a command that signals are passed on to.
#[cfg(not(unix))]
pub fn watched(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    start()
}
/// The command has ended.
#[cfg(not(unix))]
pub fn over() {}
/// From now on signals are only noted.
#[cfg(not(unix))]
pub fn hold() {}
/// Begins to attend to signals.
#[cfg(not(unix))]
pub fn install() -> io::Result<()> {
    Ok(())
}
/// The signal that came, if one did.
#[cfg(not(unix))]
pub fn interrupted() -> Option<u8> {
    None
}

#[cfg(unix)]
mod unix {
    use std::io::IsTerminal;
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::super::scratch;
    use super::{Child, io};

    static CAME: AtomicI32 = AtomicI32::new(0);
    static HOLDS: AtomicBool = AtomicBool::new(false);
    static INSTALLED: Mutex<bool> = Mutex::new(false);
    static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

    fn running() -> MutexGuard<'static, Option<Pid>> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to attend to signals, once. From then on they no longer end lastlook by themselves. Those that whoever has
    /// started lastlook wants to be ignored (`nohup`) stay so.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn install() -> io::Result<()> {
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if *installed {
            return Ok(());
        }
        let ignored = ignored();
        let ours = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let mut signals = Signals::new(ours)?;
        std::thread::spawn(move || signals.forever().for_each(attend));
        *installed = true;
        Ok(())
    }

    /// The signals that are ignored, as a set of bits, where the system tells (proc(5), `SigIgn`).
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
    }

    fn attend(signal: i32) {
        CAME.store(signal, Ordering::SeqCst);
        // Whoever starts a command now waits until it is known that there is none.
        let running = running();
        let Some(pid) = *running else {
            if !HOLDS.load(Ordering::SeqCst) {
                end(signal);
            }
            return;
        };
        // A terminal sends these to every process at it, so that the command has them already.
        let by_terminal = matches!(signal, SIGINT | SIGQUIT) && io::stdin().is_terminal();
        let signal = match signal {
            SIGINT => Signal::INT,
            SIGTERM => Signal::TERM,
            SIGHUP => Signal::HUP,
            _ => Signal::QUIT,
        };
        if !by_terminal {
            let _ = kill_process(pid, signal);
        }
    }

    /// Ends lastlook, as a shell tells of programs that a signal has ended.
    // There is nobody to hand an exit code to: the main thread is busy.
    #[allow(clippy::exit)]
    fn end(signal: i32) {
        scratch::remove_all();
        std::process::exit(128 + signal)
    }

    /// From now on signals are only noted, and passed on to commands: something is being published, and what became of
    /// it must be told.
    pub fn hold() {
        HOLDS.store(true, Ordering::SeqCst);
    }

    /// Starts a command that signals are passed on to.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn watched(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
        let mut running = running();
        let child = start()?;
        *running = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(child)
    }

    /// The command has ended.
    pub fn over() {
        *running() = None;
    }

    /// The signal that came, if one did.
    pub fn interrupted() -> Option<u8> {
        u8::try_from(CAME.load(Ordering::SeqCst)).ok().filter(|signal| *signal > 0)
    }
}
