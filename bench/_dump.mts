import { writeFileSync } from "node:fs";
import { writeArrays } from "./arrays.ts";
import { stepOf } from "./steps/index.ts";
const [width,size,batch]=[process.argv[2],process.argv[3],process.argv[4]].map(Number);
const config={method:"hq-anogan",width,size,batch,threads:1,seed:1};
const s=stepOf("hq-anogan");
const p=s.parameters(config), b=await s.batches(config,10);
writeArrays("/tmp/dbg/p",p); writeArrays("/tmp/dbg/b",b);
const runner=await s.open(config,p,b);
const all=[];
for(let t=0;t<8;t++){const l={}; for(const [n,r] of Object.entries(runner)) Object.assign(l,await r(t)); all.push(l);}
writeFileSync("/tmp/dbg/hale.json",JSON.stringify({config,options:s.peerOptions(config),shares:s.shares,losses:all}));
process.exit(0);
