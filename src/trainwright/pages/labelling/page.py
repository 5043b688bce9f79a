"""The page itself: one file of HTML, its style and its script; no library, nothing from elsewhere.

An answer is kept in the browser's own storage until the server has acknowledged it, so that a
closed window or a stopped server loses none: it is sent when both are there again. The script puts
what the data hold into the page as text only, never as markup.
"""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--paper:#fdfdfb;--raised:#f5f5f1;--ink:#1b1f24;--soft:#59616b;
--hair:#d9d9d2;--accent:#0b5f9e;--error:#b3261e;
--serif:"Iowan Old Style",Charter,"Palatino Linotype",Palatino,Georgia,serif;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--raised:#1d2125;--ink:#e7e9ec;--soft:#9ea7b1;
--hair:#363d43;--accent:#6cb4ea;--error:#ff8a80}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:52rem;min-height:100vh;padding:1.2rem;display:flex;flex-direction:column;
gap:1rem;background:var(--paper);color:var(--ink);font:1rem/1.55 var(--sans)}
header{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;align-items:baseline}
h1{font:600 1.5rem/1.2 var(--serif);margin:0;flex:1 1 14rem}
header label{font-size:.88rem;color:var(--soft)}
input{font:inherit;color:inherit;background:var(--raised);border:1px solid var(--hair);
border-radius:4px;padding:.2rem .5rem;width:9rem}
progress{width:100%;height:.5rem;accent-color:var(--accent)}
.told{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.86rem;color:var(--soft);
font-variant-numeric:tabular-nums}
main{flex:1;padding:1.3rem;background:var(--raised);border-radius:8px;overflow:auto;min-height:14rem;
max-height:62vh}
main pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
main img{display:block;margin:auto;max-width:100%;max-height:56vh;min-width:8rem;image-rendering:auto}
main img.small{image-rendering:pixelated;width:16rem}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.25rem 1.4rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.keys{display:flex;flex-wrap:wrap;gap:.6rem}
button{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--hair);
border-radius:6px;padding:.5rem .9rem;cursor:pointer}
button:hover,button:focus-visible{border-color:var(--accent)}
button:disabled{opacity:.45;cursor:default}
kbd{font:600 .8rem/1 var(--sans);border:1px solid var(--hair);border-radius:3px;padding:.1rem .35rem;
margin-right:.5rem;background:var(--raised)}
.plain{border-color:transparent;color:var(--soft)}
#trouble{color:var(--error);font-size:.9rem;min-height:1.4rem;margin:0}
"""

SCRIPT = r"""
'use strict';
const KEYS='1234567890abcdefghijklmnopqrtvwxyz'.split('').filter(k=>!'su'.includes(k));
const at=id=>document.getElementById(id);
function make(name,text){
  const e=document.createElement(name);if(text!==undefined)e.textContent=text;return e;
}
let task=null,queue=[],sending=false,busy=false;
const STORE='trainwright-answers';
const kept=()=>JSON.parse(localStorage.getItem(STORE)||'[]');
const keep=list=>localStorage.setItem(STORE,JSON.stringify(list));
const who=()=>at('who').value.trim();
async function call(name,said){
  const answer=await fetch('/api/'+name,{method:'POST',headers:{'content-type':'application/json'},
    body:JSON.stringify({annotator:who(),...said})});
  const told=await answer.json();
  if(!answer.ok){const e=new Error(told.error.what+(told.error.mend?' ('+told.error.mend+')':''));
    e.refused=answer.status<500;throw e;}
  return told;
}
const points=share=>(100*share).toFixed(1);
function trouble(text){at('trouble').textContent=text||'';}
function tell(p){
  const bar=at('bar');bar.max=Math.max(p.rows,1);bar.value=p.done;
  at('done').textContent=p.done+' of '+p.rows+' rows have a label';
  at('mine').textContent='yours: '+p.mine+(p.skipped?', skipped: '+p.skipped:'');
  const e=p.estimate;
  at('gain').textContent=e?'error now '+points(e.error)+' %; '+e.labels
    +' more labels take off about '+points(e.gain)+' points ('+points(e.low)+' to '+points(e.high)+')':'';
}
function show(){
  const place=at('row');place.replaceChildren();
  const item=queue[0];
  for(const b of document.querySelectorAll('.keys button.choice,#skip'))b.disabled=!item;
  if(!item){place.append(make('p',who()?'No row is left for you. Thank you.':'Write your name to begin.'));
    place.dataset.row='';return;}
  place.dataset.row=item.row;
  if('text' in item)place.append(make('pre',item.text));
  else if('image' in item){const i=new Image();i.alt='the image to label';
    i.onload=()=>{if(i.naturalWidth<128)i.className='small';};i.src='/image/'+item.image;place.append(i);}
  else{const l=make('dl');for(const [n,v] of item.fields)l.append(make('dt',n),make('dd',v));place.append(l);}
  at('name').textContent=item.row;place.scrollTop=0;
}
async function fill(){
  if(busy||!who())return;busy=true;
  try{
    const told=await call('next',{count:5});
    const pending=new Set(kept().map(a=>a.row));
    const there=new Set(queue.map(i=>i.row));
    for(const item of told.items)if(!there.has(item.row)&&!pending.has(item.row))queue.push(item);
    trouble();
  }catch(e){trouble('The server does not answer; what you said is kept here. '+e.message);}
  busy=false;show();
}
async function send(){
  if(sending)return;sending=true;
  try{
    for(let list=kept();list.length;list=kept()){
      const {row,label,annotator}=list[0];
      try{tell((await call('answer',{row,label,annotator})).progress);}
      catch(e){if(!e.refused)throw e;trouble(e.message);}
      keep(kept().slice(1));
    }
    at('kept').textContent='all is saved';
  }catch(e){
    at('kept').textContent=kept().length+' not yet saved';
    trouble('The server does not answer; what you said is kept here. '+e.message);
    setTimeout(send,1500);
  }
  sending=false;
}
function answer(label){
  const item=queue.shift();if(!item)return;
  keep([...kept(),{row:item.row,label,annotator:who(),item}]);
  at('kept').textContent=kept().length+' not yet saved';
  show();send();
  if(queue.length<3)fill();
}
async function undo(){
  await settled();
  const list=kept();
  if(list.length){
    const last=list[list.length-1];
    keep(list.slice(0,-1));queue=[last.item,...queue];show();return;
  }
  try{const told=await call('undo',{});
    if(told.item){queue=[told.item,...queue.filter(i=>i.row!==told.item.row)];}
    tell(told.progress);show();trouble();}
  catch(e){trouble(e.message);}
}
async function settled(){while(sending)await new Promise(r=>setTimeout(r,20));}
async function begin(){
  if(!who()){show();return;}
  localStorage.setItem('trainwright-annotator',who());
  try{
    task=await call('task',{});
    at('title').textContent=task.target;document.title='Label '+task.target;
    const keys=at('choices');keys.replaceChildren();
    task.classes.forEach((label,n)=>{const b=make('button');b.className='choice';
      b.append(make('kbd',KEYS[n]||''),document.createTextNode(label));
      b.onclick=()=>answer(label);keys.append(b);});
    tell(task.progress);queue=[];await send();await fill();
  }catch(e){trouble(e.message);setTimeout(begin,1500);}
}
at('who').value=localStorage.getItem('trainwright-annotator')||'';
at('who').addEventListener('change',()=>{begin();at('who').blur();});
at('skip').onclick=()=>answer(null);
at('undo').onclick=undo;
document.addEventListener('keydown',event=>{
  if(event.target===at('who')){if(event.key==='Enter')at('who').blur();return;}
  if(event.ctrlKey||event.metaKey||event.altKey||!task)return;
  const key=event.key.toLowerCase();
  if(key==='s'||key===' '){event.preventDefault();answer(null);}
  else if(key==='u'||key==='backspace'){event.preventDefault();undo();}
  else{const n=KEYS.indexOf(key);
    if(n>=0&&n<task.classes.length){event.preventDefault();answer(task.classes[n]);}}
});
begin();
"""

PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Label</title><style>{STYLE}</style></head><body>
<header><h1 id="title">Label</h1>
<label>your name <input id="who" maxlength="100" autocomplete="off"></label></header>
<progress id="bar" max="1" value="0" aria-label="rows with a label"></progress>
<div class="told"><span id="done"></span><span id="mine"></span><span id="kept" aria-live="polite"></span>
<span id="gain"></span></div>
<main id="row" tabindex="-1" aria-live="polite"></main>
<div class="keys" id="choices"></div>
<div class="keys"><button class="plain" id="skip"><kbd>s</kbd>skip</button>
<button class="plain" id="undo"><kbd>u</kbd>undo</button><span class="told" id="name"></span></div>
<p id="trouble" role="alert"></p>
<script>{SCRIPT}</script></body></html>
"""
