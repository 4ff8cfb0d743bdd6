var r={name:"Grüße 🌊",token:process.env.TOKEN},e=t=>({"x-title":t,authorization:`Bearer ${r.token}`});var a=()=>fetch("https://harbour.example/tide",{headers:e("späte Ebbe 🌊")});export{a as tide};
//# sourceMappingURL=app.esm.js.map
