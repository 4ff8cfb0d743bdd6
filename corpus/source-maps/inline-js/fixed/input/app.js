(()=>{function t(o){return 2.1+1.7*Math.sin(o/12.42*2*Math.PI)}for(let o=0;o<24;o+=6)console.log(o,t(o).toFixed(2));})();
