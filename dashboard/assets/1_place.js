/* The address: the one place that remembers run, scenario, option, hour, layer, metric, language and theme. */
"use strict";

window.dash_clientside = window.dash_clientside || {};

(function () {
  const FORGET = {
    run: ["ladder", "scenario", "option", "other", "metric", "component", "replicate", "hour"],
    ladder: ["scenario", "component"],
    option: ["other"],
  };

  function parts() {
    return new URLSearchParams(window.location.search);
  }

  function now() {
    const query = parts();
    const dark = window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches;
    const lang = query.get("lang") || ((navigator.language || "en").startsWith("zh") ? "zh" : "en");
    const theme = query.get("theme") || (dark ? "dark" : "light");
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.theme = theme;
    return { path: window.location.pathname, search: window.location.search, lang, theme };
  }

  function merged(changes) {
    const query = parts();
    for (const [name, value] of Object.entries(changes)) {
      for (const gone of FORGET[name] || []) query.delete(gone);
      if (value === "" || value === "-" || value === null) query.delete(name);
      else query.set(name, value);
    }
    const text = query.toString();
    return text ? `?${text}` : "";
  }

  /* Change the address without asking the server for anything: hour, layers. */
  function keep(changes) {
    window.history.replaceState(null, "", window.location.pathname + merged(changes));
  }

  /* Follow a link inside the dashboard: what the link says, plus what the address learned since it was drawn. */
  function follow(href) {
    const target = new URL(href, window.location.origin);
    const query = target.searchParams;
    const here = parts();
    const sameRun = (query.get("run") || "") === (here.get("run") || query.get("run") || "");
    for (const name of ["hour", "layer"]) {
      const moved = here.get(name);
      const drawn = drawnSearch.get(name);
      if (sameRun && moved !== null && (query.get(name) === null || query.get(name) === drawn)) query.set(name, moved);
    }
    const text = query.toString();
    go(target.pathname + (text ? `?${text}` : "") + target.hash);
  }

  let drawnSearch = parts();

  function go(url) {
    const before = window.location.pathname;
    window.history.pushState(null, "", url);
    show();
    if (window.location.pathname !== before) window.scrollTo(0, 0);
  }

  function show() {
    drawnSearch = parts();
    window.dash_clientside.set_props("place", { data: now() });
  }

  window.dash_clientside.place = {
    start: function () {
      return now();
    },
    choose: function (values, ids) {
      const changes = {};
      (ids || []).forEach((id, i) => {
        if (values[i] !== undefined && values[i] !== null && values[i] !== id.now) changes[id.name] = values[i];
      });
      if (!Object.keys(changes).length) return window.dash_clientside.no_update;
      window.history.pushState(null, "", window.location.pathname + merged(changes));
      drawnSearch = parts();
      return now();
    },
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a.go");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    follow(link.href);
  });
  window.addEventListener("popstate", show);
  now();

  /* Scripts that fill a place on the page ask to be told when the page changed. */
  const listeners = [];
  let waiting = false;
  function changed() {
    if (waiting) return;
    waiting = true;
    window.requestAnimationFrame(() => {
      waiting = false;
      const main = document.getElementById("main");
      if (main && main.dataset.title) document.title = main.dataset.title;
      listeners.forEach((listener) => listener());
    });
  }
  new MutationObserver(changed).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-map", "data-time", "data-title"],
  });

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /* An hour of a run in words; hour 0 is midnight of the day of the onset. */
  function moment(hour, facts) {
    const day = Math.floor(hour / 24);
    const clock = `${String(hour % 24).padStart(2, "0")}:00`;
    return fill(facts.moment, { day: day + 1, weekday: facts.weekdays[(facts.weekday + day) % 7], clock });
  }

  window.resilience = { keep, follow, parts, fill, moment, whenChanged: (listener) => listeners.push(listener) };
})();
