import type { Command } from "./index";
import { note, fail } from "../ui/colour";
import { SUPPORT_BUNDLE } from "../net/addresses";

/** `pilot doctor`: checks what everything else depends on. */
export const doctor: Command = {
  name: "doctor",
  summary: "check the installation",
  async run(session) {
    const [major] = process.versions.node.split(".").map(Number);
    if (major < 18) {
      fail(`node ${process.versions.node} is too old`);
      return 1;
    }
    const reachable = await session.client.ping();
    note(reachable ? "the service answers" : "the service does not answer");
    if (session.enabled("support-bundle")) {
      // Support compares the installation with the tree that it was built from.
      note(`compare with ${SUPPORT_BUNDLE}`);
    }
    return reachable ? 0 : 1;
  },
};
