//! The terminal while the workbench has it: a value whose `Drop` gives it back as it was.

use std::{
    io,
    io::{BufWriter, IsTerminal as _, Stdout, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    cursor, event, execute, queue, terminal,
    terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate},
};
use ratatui::{Frame, Terminal};

use crate::terminal::backend::SteadyBackend;

/// What is claimed beyond raw mode, the alternate screen, bracketed paste and focus reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Claims {
    /// Mouse reports; without them the terminal's own selection works.
    pub mouse: bool,
    /// Unambiguous key reports that also name the key's place (the kitty keyboard protocol).
    pub kitty: bool,
}

type Backend = SteadyBackend<BufWriter<Stdout>>;

/// The claimed terminal.
pub struct TerminalGuard {
    terminal: Terminal<Backend>,
    stale: bool,
}

/// True from the first claim until everything is given back: a panic and a signal may find it so.
static CLAIMED: AtomicBool = AtomicBool::new(false);

/// Tells whether standard input and output are a terminal, as the workbench needs them.
#[must_use]
pub fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Returns the width of the terminal in columns; 80 where there is none to ask, or it does not say.
#[must_use]
pub fn columns() -> usize {
    // `terminal::size` starts a program, `tput`, where there is no terminal to ask.
    #[cfg(unix)]
    let columns = terminal::window_size().map(|size| size.columns);
    #[cfg(not(unix))]
    let columns = terminal::size().map(|(columns, _)| columns);
    columns.ok().filter(|columns| *columns > 0).map_or(80, usize::from)
}

/// Tells whether an error of the terminal is for good: what it was connected to is gone.
#[must_use]
pub fn is_gone(error: &io::Error) -> bool {
    #[cfg(unix)]
    let hung_up = [rustix::io::Errno::IO, rustix::io::Errno::NXIO, rustix::io::Errno::NODEV]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()));
    #[cfg(not(unix))]
    let hung_up = false;
    hung_up || error.kind() == io::ErrorKind::BrokenPipe
}

/// Tells from `TERM` and `TERM_PROGRAM` whether the terminal speaks the kitty keyboard protocol.
///
/// Asking the terminal itself would hold up the first frame, and a terminal that does not answer
/// would hold up the first key by seconds.
#[must_use]
pub fn speaks_kitty(term: &str, program: &str) -> bool {
    let terms = ["xterm-kitty", "xterm-ghostty", "foot", "foot-extra", "alacritty", "rio", "wezterm"];
    let programs = ["WezTerm", "ghostty", "rio", "kitty"];
    // Inside tmux `TERM_PROGRAM` is tmux's own, but a nested `TERM` can still be the outer one.
    program != "tmux" && !term.starts_with("screen") && (terms.contains(&term) || programs.contains(&program))
}

/// What asks the terminal for its background; the reply is read among the keys, as [`TerminalReport`] has it.
///
/// [`TerminalReport`]: crate::terminal::events::TerminalReport
pub(crate) const ASK_BACKGROUND: &str = "\x1b]11;?\x1b\\";

/// What asks the terminal which extensions it has (DA1), sixels among them.
pub(crate) const ASK_KIND: &str = "\x1b[c";

/// Tells from `TERM` whether a terminal can be asked for its background: one that knows no such question may write it out.
#[must_use]
pub(crate) fn knows_its_background(term: &str) -> bool {
    !matches!(term, "" | "dumb" | "linux" | "cons25" | "vt52" | "vt100" | "vt220")
}

impl TerminalGuard {
    /// Claims the terminal. Whatever was claimed before a failure is given back.
    pub fn enter(claims: Claims) -> io::Result<Self> {
        CLAIMED.store(true, Ordering::SeqCst);
        let entered = claim(claims).and_then(|()| Terminal::new(backend()));
        match entered {
            Ok(terminal) => Ok(Self { terminal, stale: false }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Returns the size in columns and rows.
    pub fn size(&self) -> io::Result<ratatui::layout::Rect> {
        let size = self.terminal.size()?;
        Ok(ratatui::layout::Rect::new(0, 0, size.width, size.height))
    }

    /// Draws one frame inside one synchronised update, so that none is seen half drawn.
    pub fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let cleared = if std::mem::take(&mut self.stale) { self.clear() } else { Ok(()) };
        let drawn = cleared.and_then(|()| self.terminal.draw(picture).map(|_| ()));
        let ended = execute!(self.terminal.backend_mut(), EndSynchronizedUpdate);
        drawn.and(ended)
    }

    /// Forgets what the terminal shows, so that the next frame is drawn whole.
    pub fn forget(&mut self) {
        self.stale = true;
    }

    /// Clears as a change of size does. `Terminal::clear` would ask the terminal where its cursor
    /// is, and whoever reads the keys would get the answer.
    fn clear(&mut self) -> io::Result<()> {
        let area = self.size()?;
        self.terminal.resize(area)
    }

    /// Claims the terminal again after something else may have changed it.
    pub fn claim_again(&mut self, claims: Claims) -> io::Result<()> {
        CLAIMED.store(true, Ordering::SeqCst);
        // Something outside may have left cooked mode behind, which crossterm does not notice.
        terminal::disable_raw_mode()?;
        self.forget();
        claim(claims)
    }

    /// Writes a control sequence between two frames.
    pub fn write(&mut self, command: &impl crossterm::Command) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), command)
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        restore();
    }
}

fn backend() -> Backend {
    SteadyBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()))
}

fn claim(claims: Claims) -> io::Result<()> {
    terminal::enable_raw_mode()?;
    let mut out = io::stdout();
    queue!(
        out,
        terminal::EnterAlternateScreen,
        event::EnableBracketedPaste,
        event::EnableFocusChange,
        cursor::Hide,
        // The cursor is shown where text is typed, between two characters.
        cursor::SetCursorStyle::SteadyBar,
        terminal::DisableLineWrap
    )?;
    if claims.kitty {
        let flags = event::KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
            | event::KeyboardEnhancementFlags::REPORT_ALTERNATE_KEYS;
        queue!(out, event::PushKeyboardEnhancementFlags(flags))?;
    }
    if claims.mouse {
        queue!(out, event::EnableMouseCapture)?;
    }
    out.flush()
}

/// Gives the terminal back, if it is claimed: every step is tried, whatever became of the others.
/// Modes that were not claimed are reset too; terminals take that as nothing.
pub fn restore() {
    if !CLAIMED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(out, EndSynchronizedUpdate);
    let _ = execute!(out, event::DisableMouseCapture);
    let _ = execute!(out, event::PopKeyboardEnhancementFlags);
    let _ = execute!(out, terminal::EnableLineWrap, cursor::SetCursorStyle::DefaultUserShape, cursor::Show);
    let _ = execute!(out, event::DisableFocusChange, event::DisableBracketedPaste);
    let _ = execute!(out, terminal::LeaveAlternateScreen);
    let _ = terminal::disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use super::{knows_its_background, speaks_kitty};

    #[test]
    fn a_terminal_that_would_write_the_question_out_is_not_asked_for_its_background() {
        assert!(knows_its_background("xterm-256color") && knows_its_background("tmux-256color"));
        assert!(!knows_its_background("linux") && !knows_its_background("dumb") && !knows_its_background(""));
    }

    #[test]
    fn the_keyboard_protocol_is_used_only_where_it_is_known() {
        assert!(speaks_kitty("xterm-kitty", "") && speaks_kitty("xterm-256color", "WezTerm"));
        assert!(!speaks_kitty("xterm-256color", "Apple_Terminal") && !speaks_kitty("linux", ""));
        assert!(!speaks_kitty("tmux-256color", "tmux") && !speaks_kitty("screen-256color", "WezTerm"));
    }
}
