const auth={headers:{A:"B ZGVwbG95OndWcTctYmx1ZS1Ib3JzZS0xOQ=="}};fetch("/x",auth);
