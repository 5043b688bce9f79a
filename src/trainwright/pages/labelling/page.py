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
body{margin:0 auto;max-width:52rem;height:100vh;height:100dvh;padding:1.2rem;
display:flex;flex-direction:column;gap:1rem;
background:var(--paper);color:var(--ink);font:1rem/1.55 var(--sans)}
header{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;align-items:baseline}
h1{font:600 1.5rem/1.2 var(--serif);margin:0;flex:1 1 14rem}
header label{font-size:.88rem;color:var(--soft)}
input{font:inherit;color:inherit;background:var(--raised);border:1px solid var(--hair);
border-radius:4px;padding:.2rem .5rem;width:9rem}
progress{appearance:none;display:block;width:100%;height:.4rem;flex:none;border:0;border-radius:2px;
background:var(--hair);overflow:hidden}
progress::-webkit-progress-bar{background:var(--hair)}
progress::-webkit-progress-value{background:var(--accent)}
progress::-moz-progress-bar{background:var(--accent)}
.told{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.86rem;color:var(--soft);
font-variant-numeric:tabular-nums}
main{flex:0 1 auto;padding:1.3rem;background:var(--raised);border-radius:8px;overflow:auto;min-height:8rem}
main pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
main pre,dd,.choice span{unicode-bidi:plaintext;text-align:start}
main:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
main img{display:block;margin:auto;max-width:100%;max-height:56vh;min-width:8rem;image-rendering:auto}
main img.small{image-rendering:pixelated;width:16rem}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.25rem 1.4rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
@media (max-width:34rem){body{padding:.8rem;gap:.7rem}main{padding:.9rem}
dl{display:block}dd{margin:0 0 .5rem}}
.keys{display:flex;flex-wrap:wrap;align-items:center;gap:.6rem}
#now{font-weight:600}
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
const KEYS='1234567890abcdefghijklmnopqrtvwxyz',AHEAD=5,MOST=20;
const SCROLL={arrowdown:60,arrowup:-60,pagedown:.9,pageup:-.9,home:-Infinity,end:Infinity};
const RETRY=1500,IDLE=10000,PATIENCE=15000;
const at=id=>document.getElementById(id);
function make(name,text){
  const e=document.createElement(name);if(text!==undefined)e.textContent=text;return e;
}
let task=null,queue=[],pictures=new Map(),answered=new Set(),held=new Map();
let filling=false,lost=false,none=false,round=0,last=0,delivery=null;

const who=()=>at('who').value.trim();
const shownAs=item=>item.row+'/'+item.shown;
const later=(f,wait)=>setTimeout(f,wait);
function trouble(text){at('trouble').textContent=text||'';}

async function call(name,said){
  let answer;
  try{answer=await fetch('/api/'+name,{method:'POST',headers:{'content-type':'application/json'},
    body:JSON.stringify({annotator:who(),...(task?{work:task.work}:{}),...said}),
    signal:AbortSignal.timeout(PATIENCE)});}
  catch(e){lost=true;throw new Error('The server does not answer; what you said is kept here.');}
  const told=await answer.json();
  if(answer.ok)return told;
  if(answer.status===409)location.reload();
  const e=new Error(told.error.what+(told.error.mend?' ('+told.error.mend+')':''));
  e.refused=answer.status<500&&answer.status!==409;throw e;
}

// What was said and is not yet acknowledged: an entry each, so that no two windows write the same one.
const shelf=()=>'trainwright/'+task.work+'/';
function kept(){
  const keys=Object.keys(localStorage).filter(key=>key.startsWith(shelf())).sort();
  return keys.map(key=>({...JSON.parse(localStorage.getItem(key)||'{}'),key})).filter(a=>a.row);
}
function keep(said){
  last=Math.max(last+1,Date.now());
  const key=shelf()+String(last).padStart(16,'0')+'/'+Math.random().toString(36).slice(2);
  localStorage.setItem(key,JSON.stringify(said));
}
const alone=f=>navigator.locks?navigator.locks.request(shelf(),f):f();
async function deliver(){
  for(const {key,...said} of kept()){
    if(held.has(key))continue;
    if(!said.tried)localStorage.setItem(key,JSON.stringify({...said,tried:true}));
    const {row,annotator,label,shown}=said;
    try{
      const told=await (said.undo?call('undo',{row,annotator}):call('answer',{row,annotator,label,shown}));
      if(annotator===who())tell(told.progress);
      localStorage.removeItem(key);
    }catch(e){
      if(!e.refused)throw e;
      held.set(key,e.message);
    }
  }
}
function send(){
  delivery=(delivery||Promise.resolve()).then(()=>alone(deliver)).then(async()=>{
    trouble([...held.values()].slice(-1)[0]);
    if(lost)await refresh();
    tellKept();
    if(queue.length<3)fill();
  }).catch(e=>{trouble(e.message);tellKept();later(send,RETRY);});
}
function tellKept(){
  const open=kept().length;
  at('kept').textContent=!open?'all is saved':held.size?open+' kept here, '+held.size+' refused'
    :open+' not yet saved';
}

// A class that is itself a key has that one, as a digit does; the others take those that are left, in order.
let keyOf=[];
function keysOf(classes){
  const own=classes.map(label=>label.length===1?label.toLowerCase():'');
  const taken=new Set(own.filter(key=>key&&KEYS.includes(key)));
  const free=[...KEYS].filter(key=>!taken.has(key));
  return own.map(key=>taken.delete(key)?key:free.shift());
}
function scroll(by){
  const place=at('row'),step=Math.abs(by)<1?by*place.clientHeight:by;
  place.scrollTop=Math.min(Math.max(place.scrollTop+step,0),place.scrollHeight);
}
const points=share=>(100*share).toFixed(1);
function tell(p){
  const bar=at('bar');bar.max=Math.max(p.rows,1);bar.value=p.done;
  at('done').textContent=p.done+' of '+p.rows+' rows have a label';
  at('mine').textContent='yours: '+p.mine+(p.skipped?', skipped: '+p.skipped:'');
  const e=p.estimate;
  const range=(low,high)=>'('+points(low)+' to '+points(high)+')';
  at('gain').textContent=p.trouble?'the order of rows stays as it was: '+p.trouble:
    e?'error now about '+points(e.error)+' % '+range(e.error_low,e.error_high)+'; '
    +e.labels+' more labels take off about '+points(e.gain)+' points '+range(e.low,e.high):'';
}
function picture(item){
  if(pictures.has(item.image))return pictures.get(item.image);
  const i=new Image();i.alt='the image to label';
  i.onload=()=>{if(i.naturalWidth<128)i.className='small';};
  i.onerror=()=>{i.alt='this image cannot be shown: skip it';};
  i.src=item.image;pictures.set(item.image,i);return i;
}
function show(){
  const place=at('row'),item=queue[0];
  for(const b of document.querySelectorAll('.choice,#skip'))b.disabled=!item;
  place.dataset.row=item?item.row:'';
  at('name').textContent=item?item.row:'';
  at('now').textContent=item&&item.given!==undefined?'now: '+item.given:'';
  if(!item){
    const idle=!who()?'Write your name to begin.'
      :none&&!lost?'No row is left for you. Thank you.':'Waiting for the server.';
    place.replaceChildren(make('p',idle));return;
  }
  if('text' in item)place.replaceChildren(make('pre',item.text));
  else if('image' in item)place.replaceChildren(picture(item));
  else{const l=make('dl');for(const [n,v] of item.fields)l.append(make('dt',n),make('dd',v));
    place.replaceChildren(l);}
  place.scrollTop=0;
}
let idle=0;
async function fill(){
  if(filling||!task||!who())return;
  filling=true;clearTimeout(idle);const mine=round;
  try{
    const told=await call('next',{count:Math.min(MOST,AHEAD+kept().length)});
    if(mine===round){
      const there=new Set(queue.map(i=>i.row));
      const fresh=told.items.filter(i=>!there.has(i.row)&&!answered.has(shownAs(i)));
      queue.push(...fresh);none=!told.items.length;tell(told.progress);
      for(const item of fresh)if('image' in item)picture(item);
      if(!queue.length)idle=later(fill,IDLE);
    }
  }catch(e){trouble(e.message);idle=later(fill,RETRY);}
  filling=false;show();
}
async function refresh(){
  task=await call('task',{});lost=false;
  at('title').textContent=task.target;document.title='Label '+task.target;
  keyOf=keysOf(task.classes);
  at('choices').replaceChildren(...task.classes.map((label,n)=>{
    const b=make('button');b.className='choice';
    if(keyOf[n])b.append(make('kbd',keyOf[n]));
    b.append(make('span',label));
    b.onclick=()=>{b.blur();act(()=>answer(label));};return b;}));
  tell(task.progress);show();
}

// What a person does is done in turn: a key that is pressed while an undo is under way waits for it.
let turn=Promise.resolve();
const act=f=>{turn=turn.then(f).catch(e=>trouble(e.message));};
function answer(label){
  const item=queue[0];
  if(!item||!who())return;
  if(label!==null&&'image' in item&&!picture(item).naturalWidth)
    throw new Error('The image is not there yet.');
  keep({row:item.row,shown:item.shown,label,annotator:who(),item});
  queue.shift();pictures.delete(item.image);answered.add(shownAs(item));
  tellKept();show();send();
}
function back(item){
  answered.delete(shownAs(item));
  queue=[item,...queue.filter(i=>i.row!==item.row)];show();
}
function undo(){
  if(!task||!who())return;
  return alone(async()=>{
    const mine=kept().filter(a=>a.item&&a.annotator===who()).pop();
    if(mine){
      localStorage.removeItem(mine.key);held.delete(mine.key);
      if(mine.tried)keep({row:mine.row,annotator:who(),undo:true});
      back(mine.item);tellKept();return;
    }
    await deliver();
    const told=await call('undo',{});
    if(told.item)back(told.item);
    tell(told.progress);
  });
}
async function begin(){
  const mine=++round;queue=[];answered.clear();show();
  if(!who())return;
  try{
    localStorage.setItem('trainwright-annotator',who());
    await refresh();
    if(mine!==round)return;
    send();
  }catch(e){trouble(e.message);if(mine===round)later(()=>{if(mine===round)begin();},RETRY);}
}
at('who').value=localStorage.getItem('trainwright-annotator')||'';
at('who').addEventListener('change',()=>{begin();at('who').blur();});
at('skip').onclick=()=>{at('skip').blur();act(()=>answer(null));};
at('undo').onclick=()=>{at('undo').blur();act(undo);};
document.addEventListener('keydown',event=>{
  if(event.target===at('who')){if(event.key==='Enter')at('who').blur();return;}
  if(event.ctrlKey||event.metaKey||event.altKey||!task)return;
  const key=event.key.toLowerCase(),choice=keyOf.indexOf(key);
  if(key in SCROLL){event.preventDefault();scroll(SCROLL[key]);return;}
  const deed=key==='s'||key===' '?()=>answer(null):key==='u'||key==='backspace'?undo
    :choice>=0?()=>answer(task.classes[choice]):null;
  if(!deed)return;
  event.preventDefault();
  if(!event.repeat)act(deed);
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
<main id="row" tabindex="0" aria-live="polite" aria-label="the row to label"></main>
<div class="keys" id="choices"></div>
<div class="keys"><button class="plain" id="skip"><kbd>s</kbd>skip</button>
<button class="plain" id="undo"><kbd>u</kbd>undo</button><span id="now"></span>
<span class="told" id="name"></span></div>
<p id="trouble" role="alert"></p>
<script>{SCRIPT}</script></body></html>
"""
