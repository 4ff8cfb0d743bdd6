__d(function(g,r,i,a,m){m.exports=function(o){return 2.1+1.7*Math.sin(o/12.42*2*Math.PI)}},7,[]);
