/* The hours of a run: slider, buttons, play. Tells everybody the hour by the event "resilience:hour". */
"use strict";

(function () {
  const { keep, fill, moment, parts, whenChanged } = window.resilience;
  const STEPS = [1, 3, 6];
  const TICK_MS = 160;
  let host = null;
  let facts = null;
  let hour = 0;
  let playing = null;
  let step = 1;
  let slider, words, play, live;

  function tell() {
    document.dispatchEvent(new CustomEvent("resilience:hour", { detail: hour }));
  }

  function set(value, { quiet = false } = {}) {
    hour = Math.max(0, Math.min(facts.hours - 1, Math.round(value)));
    slider.value = hour;
    const text = moment(hour, facts);
    slider.setAttribute("aria-valuetext", text);
    slider.style.setProperty("--at", `${(100 * hour) / Math.max(1, facts.hours - 1)}%`);
    words.textContent = text;
    if (!quiet) {
      keepSoon();
      tell();
    }
  }

  let keeping = null;
  function keepSoon() {
    window.clearTimeout(keeping);
    keeping = window.setTimeout(() => {
      if (!facts || !host.isConnected) return;
      keep({ hour });
      if (!playing) live.textContent = fill(facts.words.now, { moment: moment(hour, facts) });
    }, 120);
  }

  function stop() {
    window.clearTimeout(playing);
    playing = null;
    if (play && facts) {
      play.classList.remove("on");
      play.setAttribute("aria-label", facts.words.play);
      play.title = facts.words.play;
    }
    if (facts && host && host.isConnected) keepSoon();
  }

  function start() {
    play.classList.add("on");
    play.setAttribute("aria-label", facts.words.pause);
    play.title = facts.words.pause;
    if (hour >= facts.hours - 1) set(0);
    const tick = () => {
      if (!host || !host.isConnected) return stop();
      if (hour + step > facts.hours - 1) {
        set(facts.hours - 1);
        return stop();
      }
      set(hour + step);
      playing = window.setTimeout(tick, TICK_MS);
    };
    playing = window.setTimeout(tick, TICK_MS);
  }

  function button(name, text, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = `time-button ${name}`;
    made.title = text;
    made.setAttribute("aria-label", text);
    made.addEventListener("click", action);
    return made;
  }

  function build() {
    host.replaceChildren();
    const w = facts.words;
    play = button("play", w.play, () => (playing ? stop() : start()));
    const back = button("back", w.back, () => set(hour - 1));
    const forward = button("forward", w.forward, () => set(hour + 1));
    const onset = button("onset", w.onset, () => set(facts.onset));
    slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 0, max: facts.hours - 1, step: 1, className: "slider", id: "hour" });
    slider.setAttribute("aria-label", w.slider);
    slider.addEventListener("input", () => {
      if (playing) stop();
      set(Number(slider.value));
    });
    const track = document.createElement("div");
    track.className = "track";
    const ticks = document.createElement("div");
    ticks.className = "ticks";
    ticks.setAttribute("aria-hidden", "true");
    const days = facts.hours / 24;
    for (let day = 0; day < days; day += 1) {
      const tick = document.createElement("span");
      tick.style.left = `${(100 * day * 24) / Math.max(1, facts.hours - 1)}%`;
      tick.textContent = day + 1;
      ticks.append(tick);
    }
    const mark = document.createElement("span");
    mark.className = "onset-mark";
    mark.style.left = `${(100 * facts.onset) / Math.max(1, facts.hours - 1)}%`;
    ticks.append(mark);
    track.append(slider, ticks);
    words = document.createElement("output");
    words.className = "moment";
    words.htmlFor = "hour";
    live = document.createElement("span");
    live.className = "visually-hidden";
    live.setAttribute("aria-live", "polite");
    live.setAttribute("role", "status");
    const speed = document.createElement("select");
    speed.className = "speed";
    speed.setAttribute("aria-label", w.step);
    for (const size of STEPS) {
      const option = new Option(fill(w.step_hours, { hours: size }), size, size === step, size === step);
      speed.add(option);
    }
    speed.addEventListener("change", () => {
      step = Number(speed.value);
    });
    host.append(play, back, forward, words, track, onset, speed, live);
    host.dataset.ready = "yes";
  }

  function mount() {
    const found = document.querySelector("[data-time]");
    if (!found) {
      if (host) stop();
      host = null;
      facts = null;
      return;
    }
    if (found === host && found.dataset.time === found.built && found.firstChild) return;
    const fresh = JSON.parse(found.dataset.time);
    const asked = parts().get("hour");
    stop();
    host = found;
    facts = fresh;
    found.built = found.dataset.time;
    build();
    set(asked === null || Number.isNaN(Number(asked)) ? facts.hour : Number(asked), { quiet: true });
    tell();
  }

  window.resilience.hour = () => hour;
  window.resilience.setHour = (value) => facts && set(value);
  whenChanged(mount);
})();
