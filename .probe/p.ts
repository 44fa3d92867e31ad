import { overhead } from "../bench/overhead.ts";
const r = await overhead({ job: "mlp", threads: 2, segment: 64, rounds: 30, seconds: 20 });
const med = (a:number[])=>[...a].sort((x,y)=>x-y)[a.length>>1]!;
const rat = r.bare.map((b,i)=>r.teach[i]!/b);
console.log("bare",med(r.bare).toFixed(3),"teach",med(r.teach).toFixed(3),"ratio",med(rat).toFixed(3), "min", Math.min(...r.bare).toFixed(3), Math.min(...r.teach).toFixed(3));
