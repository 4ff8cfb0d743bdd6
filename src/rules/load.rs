//! Reading rules files: every mistake of every file is reported at once.
