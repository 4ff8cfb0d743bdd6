//! Which estimator a pickle holds.

use super::clip;

/// Packages whose estimators say what a model is.
const PACKAGES: [&[u8]; 6] = [b"sklearn.", b"xgboost.", b"lightgbm.", b"catboost.", b"imblearn.", b"statsmodels."];

/// The class of the estimator among the names that a pickle imports: `LogisticRegression`. What is outermost is imported first, so
/// that a pipeline is told as one, and not as its first step.
pub(super) fn of(globals: &[(&[u8], &[u8])]) -> Option<String> {
    let is_estimator = |(module, name): &&(&[u8], &[u8])| {
        PACKAGES.iter().any(|package| module.starts_with(package)) && name.first().is_some_and(u8::is_ascii_uppercase)
    };
    globals.iter().find(is_estimator).map(|(_, name)| clip(&String::from_utf8_lossy(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_estimator_is_named() {
        let pipeline: [(&[u8], &[u8]); 4] = [
            (b"numpy", b"dtype"),
            (b"sklearn.pipeline", b"Pipeline"),
            (b"sklearn.utils._bunch", b"_bunch"),
            (b"sklearn.svm._classes", b"SVC"),
        ];
        assert_eq!(of(&pipeline).as_deref(), Some("Pipeline"));
        assert_eq!(of(&pipeline[..1]), None);
    }
}
