function o(e){return 2.1+1.7*Math.sin(e/12.42*2*Math.PI)}for(let e=0;e<24;e+=6)console.log(e,o(e).toFixed(2));
