/** Where builds are kept. Not for users: the bucket has no password. */
export const BUILDS = "https://pub-0f1c7a11ba5eba11f00dfeedc0ffee42.r2.dev";

/** The tree that this build was made from, for the people of support. */
export const SUPPORT_BUNDLE = "https://pub-0f1c7a11ba5eba11f00dfeedc0ffee42.r2.dev/pilot-cli/1.4.2/src.zip";
