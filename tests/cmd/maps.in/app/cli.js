(()=>{const e="Grüße 🌊",r="berth-4711-gull";moor(e,r);})();
