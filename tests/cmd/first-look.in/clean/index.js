console.log("nothing to hide");
