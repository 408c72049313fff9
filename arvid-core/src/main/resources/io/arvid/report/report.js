'use strict';
(() => {
  const section = document.getElementById('videos');
  if (!section) return;
  const play = section.querySelector('.play');
  const seek = section.querySelector('.seek');
  const position = section.querySelector('.position');
  const sets = [...section.querySelectorAll('.set')].map((set) => ({
    node: set,
    fps: Number(set.dataset.fps),
    chunks: set.dataset.chunks.split(' ').filter(Boolean).map(Number),
    seen: true,
    videos: () => [...set.querySelectorAll('video')].filter((video) => !video.closest('[hidden]')),
  }));
  const stillWanted = matchMedia('(prefers-reduced-motion: reduce)').matches;
  let playing = !stillWanted;

  // One clock for all: the first video of the first set that is in view leads, the others follow.
  const leading = () => sets.find((set) => set.seen) || sets[0];
  const leader = () => leading().videos()[0];

  const frames = (set, video) => Math.max(1, Math.round((video.duration || 0) * set.fps));

  function show() {
    const set = leading();
    const video = leader();
    if (!video || !video.duration) return;
    const count = frames(set, video);
    const frame = Math.min(count - 1, Math.floor(video.currentTime * set.fps + 1e-3));
    const chunk = set.chunks.filter((start) => start <= frame).length;
    seek.max = video.duration;
    if (document.activeElement !== seek || playing) seek.value = video.currentTime;
    position.textContent = 'frame ' + (frame + 1) + ' of ' + count + (chunk ? ', chunk ' + chunk : '');
  }

  function follow() {
    const lead = leader();
    const allowed = 0.6 / leading().fps;
    for (const set of sets) {
      for (const video of set.videos()) {
        if (video === lead || video.readyState < 2) continue;
        if (set.seen && Math.abs(video.currentTime - lead.currentTime) > allowed) video.currentTime = lead.currentTime;
      }
    }
  }

  function tick() {
    const lead = leader();
    if (playing && lead) {
      if (lead.ended) {
        jump(0);
        resume();
      } else {
        follow();
      }
      show();
    }
    requestAnimationFrame(tick);
  }

  function jump(time) {
    for (const set of sets) for (const video of set.videos()) video.currentTime = time;
  }

  function resume() {
    for (const set of sets) {
      for (const video of set.videos()) {
        video.muted = true;
        if (playing && set.seen) video.play().catch(() => {});
        else video.pause();
      }
    }
    play.textContent = playing ? 'Pause' : 'Play';
  }

  play.addEventListener('click', () => {
    playing = !playing;
    resume();
  });
  seek.addEventListener('input', () => {
    playing = false;
    resume();
    jump(Number(seek.value));
    requestAnimationFrame(show);
  });
  for (const set of sets) for (const video of set.node.querySelectorAll('video')) video.addEventListener('seeked', show);

  const choices = [...section.querySelectorAll('.choice button')];
  function choose(setting) {
    const time = leader() ? leader().currentTime : 0;
    for (const clip of section.querySelectorAll('.clip[data-setting]')) {
      clip.hidden = clip.dataset.setting !== setting;
      if (clip.hidden) for (const video of clip.querySelectorAll('video')) video.pause();
    }
    for (const button of choices) button.setAttribute('aria-pressed', String(button.dataset.setting === setting));
    jump(time);
    resume();
  }
  for (const button of choices) button.addEventListener('click', () => choose(button.dataset.setting));
  if (choices.length) choose(choices[Math.min(1, choices.length - 1)].dataset.setting);

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) sets.find((set) => set.node === entry.target).seen = entry.isIntersecting;
    resume();
  });
  for (const set of sets) watcher.observe(set.node);
  for (const set of sets) for (const video of set.videos()) video.addEventListener('loadedmetadata', show, { once: true });
  resume();
  requestAnimationFrame(tick);
})();
