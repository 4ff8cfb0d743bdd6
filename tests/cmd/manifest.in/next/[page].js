console.log("pages");
