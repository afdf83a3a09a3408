/* The map page: fetches what is shown, keeps the map alive while choices change, fills panel, legend and pop-ups. */
"use strict";

(function () {
  const { NetworkMap, loadMapLibrary, mapColours, whenChanged, keep, follow, parts, fill, moment } = window.resilience;
  const DEFAULT = "roads,water,power,zones,facilities";
  const maps = [];
  let facts = null;
  let panel = null;
  let built = "";
  let runOfMaps = "";
  let geometry = null;
  let serial = 0;

  function element(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  async function get(url, kind) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${answer.status}`);
    return kind === "json" ? answer.json() : answer.arrayBuffer();
  }

  function query(values) {
    return new URLSearchParams(values).toString();
  }

  function layers() {
    const asked = (parts().get("layer") || DEFAULT).split(",");
    return { shown: new Set(asked.filter((name) => name !== "flow")), mode: asked.includes("flow") ? "flow" : "state" };
  }

  function number(value) {
    return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  }

  function webgl() {
    try {
      return Boolean(document.createElement("canvas").getContext("webgl2"));
    } catch {
      return false;
    }
  }

  /* ---------------------------------------------------------------- the maps */

  async function mount(host) {
    const mine = (serial += 1);
    const current = () => mine === serial && host.isConnected;
    const status = element("div", "map-status", facts.words.loading);
    status.setAttribute("role", "status");
    host.append(status);
    try {
      if (!webgl()) throw new Error("WebGL");
      await loadMapLibrary();
      if (runOfMaps !== facts.run) {
        maps.splice(0).forEach((map) => map.map.remove());
        geometry = await get(`/map/geometry.json?${query({ run: facts.run })}`, "json");
        runOfMaps = facts.run;
      }
      if (!current()) return;
      host.dataset.count = facts.options.length;
      const frames = facts.options.map((option, i) => frame(host, i, option));
      while (maps.length > facts.options.length) maps.pop().map.remove();
      await Promise.all(maps.map((map) => map.ready));
      const taken = await Promise.all(facts.options.map((option) => data(option)));
      if (!current()) return;
      maps.forEach((map, i) => {
        map.retheme(facts.theme);
        map.describe = describe;
        map.option = facts.options[i];
        frames[i].option.textContent = facts.optionNames[i];
        map.take(...taken[i]);
        map.map.resize();
      });
      applyLayers();
      await draw(window.resilience.hour());
      status.remove();
      host.dataset.ready = built;
    } catch (error) {
      if (!current()) return;
      status.textContent = error.message === "WebGL" ? facts.words.no_webgl : fill(facts.words.failed, { reason: error.message });
      status.classList.add("wrong");
    }
  }

  function frame(host, i, option) {
    const old = maps[i] && maps[i].box;
    const box = old || element("div", "map-box");
    host.append(box);
    if (old) return { option: box.querySelector(".map-option") };
    const canvas = element("div", "map-canvas");
    const label = element("div", "map-option", option);
    box.append(canvas, label);
    const text = element("span", "", facts.attribution).innerHTML;
    const map = new NetworkMap(canvas, geometry, { ...facts, attributionText: text });
    map.box = box;
    map.map.on("move", () => together(map));
    maps.push(map);
    if (maps.length > 1) {
      const first = maps[0].map;
      map.map.jumpTo({ center: first.getCenter(), zoom: first.getZoom() });
    }
    return { option: label };
  }

  let moving = false;
  function together(from) {
    if (moving) return;
    moving = true;
    const view = { center: from.map.getCenter(), zoom: from.map.getZoom() };
    maps.filter((map) => map !== from).forEach((map) => map.map.jumpTo(view));
    moving = false;
  }

  const fetched = new Map();
  function data(option) {
    const which = query({ run: facts.run, scenario: facts.scenario, option });
    if (!fetched.has(which)) {
      if (fetched.size > 5) fetched.delete(fetched.keys().next().value);
      const both = Promise.all([get(`/map/steps.json?${which}`, "json"), get(`/map/water.bin?${which}`, "bytes")]);
      both.catch(() => fetched.delete(which));
      fetched.set(which, both);
    }
    return fetched.get(which);
  }

  function applyLayers() {
    const { shown, mode } = layers();
    maps.forEach((map) => map.show(shown, mode));
  }

  async function draw(hour) {
    await Promise.all(maps.map((map) => map.go(hour)));
    counts();
  }

  let wanted = null;
  let drawing = false;
  async function drawSoon(hour) {
    wanted = hour;
    if (drawing) return;
    drawing = true;
    try {
      while (wanted !== null) {
        const next = wanted;
        wanted = null;
        await draw(next);
      }
    } finally {
      drawing = false;
    }
  }

  document.addEventListener("resilience:hour", (event) => {
    if (facts && maps.length && maps.every((map) => map.states)) drawSoon(event.detail);
  });

  /* ------------------------------------------------------- what is under the pointer */

  function describe(map, { hit, lngLat }) {
    const w = facts.words;
    const box = element("div", "popup");
    const { at, since } = map.states;
    let id = null;
    let changed = -1;
    let failed = false;
    const line = (text, name) => text && box.append(element("p", name || "", text));
    if (hit) {
      const i = hit.id;
      const source = hit.source;
      const table = map.geometry[source];
      id = table.id[i];
      const own = table.name && table.name[i];
      const bare = id.slice(id.indexOf(":") + 1);
      const kind = (table.kind && facts.places[table.kind[i]]) || facts.kinds[id.split(":")[0]] || "";
      box.append(element("h3", "", own || `${kind} ${bare}`));
      line(own ? `${kind} · ${id}` : id, "id");
      if (source === "roads") {
        failed = at.closed[i] === 1;
        changed = Math.max(failed ? since.closed[i] : -1, at.speed[i] < 0.995 ? since.speed[i] : -1);
        line(failed ? w.closed : at.speed[i] < 0.995 ? `${w.slowed}: ${fill(w.km_h, { share: Math.round(at.speed[i] * 100) })}` : w.open, "state");
        const capacity = table.capacity[i];
        if (capacity) line(fill(w.vehicles, { count: number(at.flow[i]), share: number((100 * at.flow[i]) / capacity) }));
      } else if (source === "power") {
        failed = at.power[i] === 0;
        changed = failed ? since.power[i] : -1;
        line(failed ? w.power_down : w.power_up, "state");
      } else if (source === "facilities") {
        failed = at.facilities[i] === 0;
        changed = failed ? since.facilities[i] : -1;
        line(failed ? w.out : w.works, "state");
      } else if (source === "zones") {
        failed = at.zones[i] === 0;
        changed = failed ? since.zones[i] : -1;
        line(failed ? w.power_down : w.power_up, "state");
        line(fill(w.people, { count: number(table.people[i]) }));
      }
      if (changed >= 0) line(fill(w.since, { moment: moment(changed, facts) }));
    }
    if (map.water) {
      const depth = map.water.under(lngLat.lng, lngLat.lat);
      if (depth !== null) line(depth > 0 ? fill(w.depth, { depth: depth.toFixed(1) }) : w.dry);
    }
    if (failed) {
      const link = element("a", "button", w.why);
      const target = parts();
      Object.entries({ component: id, option: map.option, scenario: facts.scenario, replicate: facts.replicate })
        .forEach(([name, value]) => target.set(name, value));
      link.href = `/trace?${target}`;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        follow(link.href);
      });
      box.append(link);
    }
    return box;
  }

  /* ------------------------------------------------------------------------ the panel */

  function swatch(name, colour) {
    const made = element("span", `swatch ${name}`);
    made.style.setProperty("--c", colour);
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  function section(name, title, rows) {
    const { shown } = layers();
    const box = element("fieldset", `layer layer-${name}`);
    const label = element("label", "layer-title");
    const tick = element("input");
    tick.type = "checkbox";
    tick.checked = shown.has(name);
    tick.dataset.layer = name;
    tick.addEventListener("change", save);
    label.append(tick, document.createTextNode(title));
    box.append(label);
    const list = element("ul", "legend");
    for (const [mark, text] of rows) {
      const item = element("li");
      item.append(mark, document.createTextNode(text));
      list.append(item);
    }
    box.append(list);
    return box;
  }

  function save() {
    const ticked = [...panel.querySelectorAll("input[data-layer]:checked")].map((tick) => tick.dataset.layer);
    const flow = panel.querySelector("input[value=flow]");
    if (flow && flow.checked) ticked.push("flow");
    const text = ticked.join(",") || "none";
    keep({ layer: text === DEFAULT ? "" : text });
    applyLayers();
    drawSoon(window.resilience.hour());
    legend();
  }

  function legend() {
    const w = facts.words;
    const c = mapColours[facts.theme];
    const { mode } = layers();
    const focus = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.layer || document.activeElement.value : null;
    const old = panel.querySelector(".layers");
    const box = element("div", "layers");
    box.append(element("h2", "", w.layers));
    const rows = mode === "flow"
      ? [0, 1, 2, 3, 4].map((k) => [swatch(`line w${k}`, c.flow[k]), w[`flow_${k}`]])
      : [[swatch("line w1", c.open), w.open], [swatch("line w2", c.slowed), w.slowed], [swatch("line w4", c.closed), w.closed]];
    const roads = section("roads", w.roads, rows);
    const modes = element("div", "modes");
    modes.setAttribute("role", "radiogroup");
    modes.setAttribute("aria-label", w.roads);
    for (const [value, text] of [["state", w.roads_state], ["flow", w.roads_flow]]) {
      const label = element("label", mode === value ? "on" : "");
      const radio = element("input");
      Object.assign(radio, { type: "radio", name: "roads-mode", value, checked: mode === value });
      radio.addEventListener("change", save);
      label.append(radio, document.createTextNode(text));
      modes.append(label);
    }
    roads.insertBefore(modes, roads.querySelector("ul"));
    box.append(roads);
    if (geometry && Object.keys(geometry.rasters).length) {
      box.append(section("water", w.water, c.water.map((rgb, k) => [swatch("block", `rgb(${rgb})`), w[`depth_${k + 1}`]])));
    }
    box.append(section("power", w.power, [[swatch("node", c.up), w.power_up], [swatch("node hollow", c.down), w.power_down]]));
    box.append(section("zones", w.zones, [[swatch("hatched", c.dark), w.zone_dark]]));
    box.append(section("facilities", w.facilities, [[swatch("cross", c.up), w.works], [swatch("cross hollow", c.closed), w.out]]));
    box.append(section("places", w.other_facilities, [[swatch("node", c.other), w.works], [swatch("node hollow", c.closed), w.out]]));
    if (old) old.replaceWith(box);
    else panel.append(box);
    if (focus) {
      const again = [...box.querySelectorAll("input")].find((input) => (input.dataset.layer || input.value) === focus);
      if (again) again.focus();
    }
  }

  function counts() {
    if (!panel || !panel.isConnected || !maps.length || !maps.every((map) => map.states)) return;
    const w = facts.words;
    const box = panel.querySelector(".counts-box");
    const found = maps.map((map) => map.counts());
    const total = maps[0].geometry;
    const rows = [
      [w.count_closed, (n) => number(n.closed)], [w.count_slowed, (n) => number(n.slowed)],
      [w.count_power, (n) => fill(w.of, { count: n.power, of: total.power.id.length })],
      [w.count_dark, (n) => number(n.dark)],
      [w.count_hospitals, (n) => fill(w.of, { count: n.hospitals, of: n.allHospitals })],
    ];
    const table = element("table", "counts-table");
    if (maps.length > 1) {
      const head = element("tr");
      head.append(element("td"), ...facts.optionNames.map((name) => element("th", "", name)));
      table.append(head);
    }
    for (const [title, value] of rows) {
      const row = element("tr");
      const name = element("th", "", title);
      name.scope = "row";
      row.append(name, ...found.map((n) => element("td", "", value(n))));
      table.append(row);
    }
    box.replaceChildren(table);
  }

  function buildPanel() {
    const w = facts.words;
    panel.replaceChildren();
    panel.append(element("h2", "", w.at_hour), element("div", "counts-box"));
    legend();
    const whole = element("button", "button", w.whole);
    whole.type = "button";
    whole.addEventListener("click", () => maps.forEach((map) => map.fit()));
    const note = element("p", "note", `${fill(w.replicate, { number: facts.replicate })} ${w.one_way}`);
    panel.append(whole, note);
  }

  whenChanged(() => {
    const host = document.querySelector("[data-map]");
    if (!host) {
      built = "";
      facts = null;
      return;
    }
    if (host.dataset.map === built && host.contains((maps[0] || {}).box || host)) return;
    if (host.dataset.map === built && host.querySelector(".map-status")) return;
    built = host.dataset.map;
    facts = JSON.parse(built);
    panel = document.querySelector(".map-panel");
    host.replaceChildren();
    buildPanel();
    mount(host).then(() => { legend(); counts(); });
  });

  window.resilience.maps = maps;
})();
