//! Reports: an outcome as bytes, one file per format.
