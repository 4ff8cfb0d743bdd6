import api from "./index.js";

export const { LastlookError, programPath, scan, version } = api;
