console.log(2);console.log(3);
