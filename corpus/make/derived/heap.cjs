// Harbour rules of the pilot office: not for the public.
const office = { correction: 0.3, "who may know": "pilots alone" };
require("v8").writeHeapSnapshot(process.argv[2]);
module.exports = office;
// The rules end here, and so does what a stranger may read of them in a snapshot of this program's memory.
