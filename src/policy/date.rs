//! Calendar days.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the Gregorian calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u32,
    month: u32,
    day: u32,
}

impl Date {
    /// Today, in UTC.
    #[must_use]
    pub fn today() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Date::from_days(seconds / 86_400)
    }

    /// The day this many days after 1970-01-01.
    fn from_days(mut days: u64) -> Self {
        let mut year = 1970;
        while days >= u64::from(days_in_year(year)) {
            days -= u64::from(days_in_year(year));
            year += 1;
        }
        let mut month = 1;
        while days >= u64::from(days_in_month(year, month)) {
            days -= u64::from(days_in_month(year, month));
            month += 1;
        }
        Date { year, month, day: days as u32 + 1 }
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_year(year: u32) -> u32 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a day: write it as \"2027-01-31\"");
        let mut parts = text.split('-').map(|part| (part.len(), part.parse::<u32>()));
        let mut next = |length: usize| match parts.next() {
            Some((found, Ok(number))) if found == length => Ok(number),
            _ => Err(wrong()),
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let exists = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        if exists && parts.next().is_none() { Ok(Date { year, month, day }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_and_compared() {
        assert_eq!(Date::from_days(0).to_string(), "1970-01-01");
        assert_eq!(Date::from_days(11_016).to_string(), "2000-02-29");
        assert_eq!(Date::from_days(20_777).to_string(), "2026-11-20");
        assert!("2026-11-20".parse::<Date>().unwrap() < "2027-01-01".parse().unwrap());
        for wrong in ["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "2026-01-01-01", "soon", ""] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }
}
