/* One map of a network over time. Geometry is loaded once; an hour is drawn by changing feature states only. */
"use strict";

(function () {
  const SCRIPT = "/lib/maplibre-gl.js";
  const SHEET = "/lib/maplibre-gl.css";
  const COLOURS = {
    light: {
      ground: "#f4f6f7", zone: "#e7ebee", edge: "#d5dce1", dark: "#6b5b73", open: "#98a4ad", slowed: "#c98500",
      closed: "#c23b00", flow: ["#c9d1d7", "#7fb8d8", "#2f83b7", "#7a4fa0", "#c23b00"], up: "#00795a", down: "#8f1d6b",
      line: "#6f9c8c", halo: "#ffffff", other: "#7b8993", water: [[198, 219, 239], [125, 178, 219], [58, 124, 189], [15, 70, 136]],
    },
    dark: {
      ground: "#141b21", zone: "#1b242c", edge: "#26323b", dark: "#a08bab", open: "#5d6b76", slowed: "#f0b429",
      closed: "#ff7a45", flow: ["#3a4650", "#3f7ea6", "#56b4e9", "#c79be0", "#ff7a45"], up: "#2fc79a", down: "#ef7fc4",
      line: "#3d6b5d", halo: "#141b21", other: "#6d7d89", water: [[30, 58, 92], [35, 84, 138], [44, 116, 190], [92, 163, 230]],
    },
  };
  const DEPTHS = [3, 10, 20];
  const LAYERS = ["roads", "water", "power", "zones", "facilities"];

  let library = null;
  function load() {
    library = library || new Promise((resolve, reject) => {
      const sheet = document.createElement("link");
      Object.assign(sheet, { rel: "stylesheet", href: SHEET });
      const script = document.createElement("script");
      Object.assign(script, { src: SCRIPT });
      script.onload = () => resolve(window.maplibregl);
      script.onerror = () => reject(new Error(SCRIPT));
      document.head.append(sheet, script);
    });
    return library;
  }

  function pairs(flat) {
    const path = [];
    for (let i = 0; i < flat.length; i += 2) path.push([flat[i], flat[i + 1]]);
    return path;
  }

  function collection(features) {
    return { type: "FeatureCollection", features };
  }

  function feature(id, type, coordinates, properties) {
    return { type: "Feature", id, geometry: { type, coordinates }, properties };
  }

  const BASE = { closed: 0, speed: 1, flow: 0, power: 1, facilities: 1, zones: 1 };
  const OF = { closed: "roads", speed: "roads", flow: "roads", power: "power", facilities: "facilities", zones: "zones" };

  /* The states of all components at an hour, from the list of changes. */
  class States {
    constructor(steps, geometry) {
      this.steps = steps;
      this.at = {};
      this.since = {};
      for (const [name, base] of Object.entries(BASE)) {
        const count = geometry[OF[name]].id.length;
        this.at[name] = new Float64Array(count).fill(base);
        this.since[name] = new Int32Array(count).fill(-1);
      }
      this.next = Object.fromEntries(Object.keys(BASE).map((name) => [name, 0]));
      this.hour = -1;
    }

    go(hour) {
      for (const [name, base] of Object.entries(BASE)) {
        const { hour: hours, at, value } = this.steps[name];
        if (hour < this.hour) {
          this.at[name].fill(base);
          this.since[name].fill(-1);
          this.next[name] = 0;
        }
        let i = this.next[name];
        for (; i < hours.length && hours[i] <= hour; i += 1) {
          this.at[name][at[i]] = value[i];
          this.since[name][at[i]] = hours[i];
        }
        this.next[name] = i;
      }
      this.hour = hour;
    }
  }

  /* The depth of water in all cells at an hour, on a canvas. */
  class Water {
    constructor(buffer, raster) {
      const view = new DataView(buffer);
      const frames = view.getUint32(0, true);
      const head = new Uint32Array(buffer, 4, frames * 2);
      this.hours = [];
      this.ends = [];
      let total = 0;
      for (let i = 0; i < frames; i += 1) {
        this.hours.push(head[2 * i]);
        total += head[2 * i + 1];
        this.ends.push(total);
      }
      this.cells = new Uint32Array(buffer, 4 + frames * 8, total);
      this.depths = new Uint8Array(buffer, 4 + frames * 8 + total * 4, total);
      this.raster = raster;
      this.canvas = document.createElement("canvas");
      this.canvas.width = raster.columns;
      this.canvas.height = raster.rows;
      this.context = this.canvas.getContext("2d");
      this.image = this.context.createImageData(raster.columns, raster.rows);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.depth = new Uint8Array(raster.rows * raster.columns);
      this.frame = -1;
      this.table = null;
    }

    colours(water) {
      const shade = (rgb, alpha) => ((alpha << 24) | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0]) >>> 0;
      this.table = new Uint32Array(256);
      for (let d = 1; d < 256; d += 1) {
        const step = DEPTHS.filter((limit) => d > limit).length;
        this.table[d] = shade(water[step], 235);
      }
      for (let i = 0; i < this.depth.length; i += 1) this.pixels[i] = this.table[this.depth[i]];
      this.context.putImageData(this.image, 0, 0);
    }

    /* Return whether anything changed. */
    go(hour) {
      let frame = -1;
      while (frame + 1 < this.hours.length && this.hours[frame + 1] <= hour) frame += 1;
      if (frame === this.frame) return false;
      if (frame < this.frame) {
        this.depth.fill(0);
        this.pixels.fill(0);
        this.frame = -1;
      }
      const from = this.frame < 0 ? 0 : this.ends[this.frame];
      const to = frame < 0 ? 0 : this.ends[frame];
      for (let i = from; i < to; i += 1) {
        this.depth[this.cells[i]] = this.depths[i];
        this.pixels[this.cells[i]] = this.table[this.depths[i]];
      }
      this.frame = frame;
      this.context.putImageData(this.image, 0, 0);
      return true;
    }

    /* Depth in metres at a longitude and latitude, null outside the raster. */
    under(lng, lat) {
      const [nw, ne, , sw] = this.raster.corners;
      const ax = ne[0] - nw[0], ay = ne[1] - nw[1], bx = sw[0] - nw[0], by = sw[1] - nw[1];
      const px = lng - nw[0], py = lat - nw[1];
      const det = ax * by - ay * bx;
      const column = Math.floor(((px * by - py * bx) / det) * this.raster.columns);
      const row = Math.floor(((ax * py - ay * px) / det) * this.raster.rows);
      if (column < 0 || row < 0 || column >= this.raster.columns || row >= this.raster.rows) return null;
      return this.depth[row * this.raster.columns + column] / 10;
    }
  }

  function icon(draw, size = 44) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    draw(context, size);
    return context.getImageData(0, 0, size, size);
  }

  /* A hospital: a white cross on a filled square; out of service a hollow square, crossed out. */
  function hospital(colour, halo, works) {
    return icon((c, s) => {
      c.lineWidth = 5;
      c.strokeStyle = works ? halo : colour;
      c.fillStyle = works ? colour : halo;
      c.beginPath();
      c.rect(5, 5, s - 10, s - 10);
      c.fill();
      c.stroke();
      c.fillStyle = works ? halo : colour;
      c.fillRect(s / 2 - 3.5, 12, 7, s - 24);
      c.fillRect(12, s / 2 - 3.5, s - 24, 7);
      if (!works) {
        c.lineWidth = 5;
        c.beginPath();
        c.moveTo(3, 3);
        c.lineTo(s - 3, s - 3);
        c.stroke();
      }
    });
  }

  function place(colour, halo, works) {
    return icon((c, s) => {
      c.lineWidth = 4;
      c.strokeStyle = works ? halo : colour;
      c.fillStyle = works ? colour : halo;
      c.beginPath();
      c.arc(s / 2, s / 2, s / 2 - 8, 0, 2 * Math.PI);
      c.fill();
      c.stroke();
      if (!works) {
        c.beginPath();
        c.moveTo(6, 6);
        c.lineTo(s - 6, s - 6);
        c.stroke();
      }
    }, 28);
  }

  function hatch(colour) {
    return icon((c, s) => {
      c.strokeStyle = colour;
      c.lineWidth = 2.5;
      for (let i = -s; i < 2 * s; i += s / 2) {
        c.beginPath();
        c.moveTo(i, s);
        c.lineTo(i + s, 0);
        c.stroke();
      }
    }, 16);
  }

  const state = (name, base) => ["coalesce", ["feature-state", name], base];

  class NetworkMap {
    constructor(host, geometry, facts) {
      this.geometry = geometry;
      this.theme = facts.theme;
      this.mode = "state";
      this.shown = new Set(LAYERS);
      this.drawn = { roads: [], flow: [], power: [], facilities: [], zones: [] };
      this.raster = Object.values(geometry.rasters)[0] || null;
      this.stepMs = [];
      const bounds = this.bounds();
      const gl = window.maplibregl;
      this.map = new gl.Map({
        container: host, style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background" }] },
        bounds, fitBoundsOptions: { padding: 24 }, fadeDuration: 0, attributionControl: false, maxPitch: 0,
        dragRotate: false, pitchWithRotate: false, renderWorldCopies: false,
        locale: {
          "NavigationControl.ZoomIn": facts.words.zoom_in, "NavigationControl.ZoomOut": facts.words.zoom_out,
          "Map.Title": facts.words.label, "Popup.Close": facts.words.close,
        },
      });
      this.map.touchZoomRotate.disableRotation();
      this.map.addControl(new gl.NavigationControl({ showCompass: false }), "top-right");
      this.map.addControl(new gl.ScaleControl({ maxWidth: 120 }), "bottom-left");
      this.map.addControl(new gl.AttributionControl({ compact: false, customAttribution: facts.attributionText }), "bottom-right");
      this.ready = new Promise((resolve) => this.map.once("load", () => { this.build(); resolve(this); }));
    }

    bounds() {
      let [w, s, e, n] = [180, 90, -180, -90];
      const take = (flat) => {
        for (let i = 0; i < flat.length; i += 2) {
          w = Math.min(w, flat[i]); e = Math.max(e, flat[i]);
          s = Math.min(s, flat[i + 1]); n = Math.max(n, flat[i + 1]);
        }
      };
      const { roads, zones, power, facilities } = this.geometry;
      (roads.xy.length ? roads.xy : zones.xy).forEach(take);
      if (w > e) [...power.xy, ...facilities.xy].forEach(take);
      return w > e ? [[-1, -1], [1, 1]] : [[w, s], [e, n]];
    }

    fit() {
      this.map.fitBounds(this.bounds(), { padding: 24, duration: 0 });
    }

    build() {
      const { map, geometry: g } = this;
      const still = { "line-color-transition": { duration: 0 }, "line-width-transition": { duration: 0 } };
      const plain = { "line-cap": "butt", "line-join": "bevel" };
      map.addSource("zones", { type: "geojson", data: collection(g.zones.xy.map((xy, i) => feature(i, "Polygon", [pairs(xy)], {}))) });
      map.addSource("roads", { type: "geojson", tolerance: 0.2, data: collection(
        g.roads.xy.map((xy, i) => feature(i, "LineString", pairs(xy), { r: g.roads.rank[i] }))) });
      map.addSource("lines", { type: "geojson", data: collection(g.lines.xy.map((xy, i) => feature(i, "LineString", pairs(xy), {}))) });
      map.addSource("power", { type: "geojson", data: collection(
        g.power.xy.map((xy, i) => feature(i, "Point", xy, { k: g.power.kind[i] }))) });
      map.addSource("facilities", { type: "geojson", data: collection(
        g.facilities.xy.map((xy, i) => feature(i, "Point", xy, { k: g.facilities.kind[i] === "hospital" ? 1 : 0 }))) });
      map.addLayer({ id: "zones", type: "fill", source: "zones", paint: { "fill-antialias": false } });
      map.addLayer({ id: "zones-edge", type: "line", source: "zones", paint: { "line-width": 0.6 } });
      map.addLayer({ id: "zones-dark", type: "fill", source: "zones", paint: { "fill-antialias": false } });
      const offset = ["interpolate", ["linear"], ["zoom"], 11, 0.4, 13, 1, 16, 4];
      map.addLayer({ id: "roads", type: "line", source: "roads", layout: plain, paint: { ...still, "line-offset": offset } });
      map.addLayer({ id: "roads-hit", type: "line", source: "roads", layout: plain, paint: { ...still, "line-offset": offset } });
      map.addLayer({ id: "lines", type: "line", source: "lines", paint: { "line-width": 1.4, "line-dasharray": [3, 2] } });
      map.addLayer({ id: "power", type: "circle", source: "power", paint: {
        "circle-color-transition": { duration: 0 }, "circle-stroke-color-transition": { duration: 0 } } });
      for (const [id, kind] of [["places", 0], ["hospitals", 1]]) {
        for (const end of ["up", "down"]) {
          map.addLayer({ id: `${id}-${end}`, type: "symbol", source: "facilities", filter: ["==", ["get", "k"], kind],
            layout: { "icon-image": `${id}-${end}`, "icon-allow-overlap": true, "icon-ignore-placement": true,
              "icon-size": ["interpolate", ["linear"], ["zoom"], 10, kind ? 0.36 : 0.22, 14, kind ? 0.6 : 0.5] },
            paint: { "icon-opacity-transition": { duration: 0 } } });
        }
      }
      this.paint();
      this.popups();
    }

    colours() {
      return COLOURS[this.theme];
    }

    /* Put the colours of the theme on all layers. */
    paint() {
      const { map } = this;
      const c = this.colours();
      const images = { hatch: hatch(c.dark), "hospitals-up": hospital(c.up, c.halo, true),
        "hospitals-down": hospital(c.closed, c.halo, false), "places-up": place(c.other, c.halo, true),
        "places-down": place(c.closed, c.halo, false) };
      for (const [name, image] of Object.entries(images)) {
        if (map.hasImage(name)) map.updateImage(name, image);
        else map.addImage(name, image, { pixelRatio: name === "hatch" ? 2 : 1 });
      }
      const s = state("s", 0);
      const flow = state("f", 0);
      map.setPaintProperty("ground", "background-color", c.ground);
      map.setPaintProperty("zones", "fill-color", c.zone);
      map.setPaintProperty("zones-edge", "line-color", c.edge);
      map.setPaintProperty("zones-dark", "fill-pattern", "hatch");
      map.setPaintProperty("zones-dark", "fill-opacity", ["case", ["==", state("s", 0), 1], 0.9, 0]);
      const thin = (width) => ["interpolate", ["linear"], ["zoom"], 10, ["*", width, 0.45], 13, width, 16, ["*", width, 3]];
      const rank = ["match", ["get", "r"], 3, 1.9, 2, 1.5, 0.9];
      if (this.mode === "flow") {
        map.setPaintProperty("roads", "line-color", ["match", flow, 1, c.flow[1], 2, c.flow[2], 3, c.flow[3], 4, c.flow[4], c.flow[0]]);
        map.setPaintProperty("roads", "line-width", thin(["*", rank, ["match", flow, 0, 0.6, 1, 1, 2, 1.2, 3, 1.4, 4, 1.7, 1]]));
      } else {
        map.setPaintProperty("roads", "line-color", c.open);
        map.setPaintProperty("roads", "line-width", thin(rank));
      }
      map.setPaintProperty("roads-hit", "line-color", ["match", s, 2, c.closed, 1, c.slowed, c.open]);
      /* A line of no width costs nothing to draw; one that is only transparent costs as much as the others. */
      map.setPaintProperty("roads-hit", "line-width", thin(["*", ["max", rank, 1.2], ["match", s, 2, 1.8, 1, 1.3, 0]]));
      map.setPaintProperty("lines", "line-color", c.line);
      const up = state("s", 1);
      const size = ["match", ["get", "k"], "feeder", 3.2, "source", 7, 5.2];
      map.setPaintProperty("power", "circle-radius", ["interpolate", ["linear"], ["zoom"], 10, ["*", size, 0.7], 14, ["*", size, 1.4]]);
      map.setPaintProperty("power", "circle-color", ["case", ["==", up, 0], c.halo, c.up]);
      map.setPaintProperty("power", "circle-stroke-color", ["case", ["==", up, 0], c.down, c.halo]);
      map.setPaintProperty("power", "circle-stroke-width", ["case", ["==", up, 0], 3, 1]);
      for (const id of ["places", "hospitals"]) {
        map.setPaintProperty(`${id}-up`, "icon-opacity", ["case", ["==", up, 0], 0, 1]);
        map.setPaintProperty(`${id}-down`, "icon-opacity", ["case", ["==", up, 0], 1, 0]);
      }
      this.attribution();
    }

    attribution() {
      if (this.water) {
        this.water.colours(this.colours().water);
        this.refreshWater();
      }
    }

    retheme(theme) {
      if (theme === this.theme) return;
      this.theme = theme;
      this.paint();
    }

    show(layers, mode) {
      this.shown = layers;
      const seen = (id, yes) => this.map.getLayer(id) && this.map.setLayoutProperty(id, "visibility", yes ? "visible" : "none");
      seen("roads", layers.has("roads"));
      seen("roads-hit", layers.has("roads") && mode === "state");
      seen("lines", layers.has("power"));
      seen("power", layers.has("power"));
      seen("zones-dark", layers.has("zones"));
      seen("water", layers.has("water"));
      for (const end of ["up", "down"]) {
        seen(`hospitals-${end}`, layers.has("facilities"));
        seen(`places-${end}`, layers.has("places"));
      }
      if (mode !== this.mode) {
        this.mode = mode;
        this.paint();
      }
    }

    /* Take the changes and the water of a run. */
    take(steps, water) {
      this.states = new States(steps, this.geometry);
      this.water = null;
      if (this.map.getLayer("water")) this.map.removeLayer("water");
      if (this.map.getSource("water")) this.map.removeSource("water");
      if (water && water.byteLength > 4 && this.raster) {
        this.water = new Water(water, this.raster);
        this.water.colours(this.colours().water);
        this.map.addSource("water", { type: "canvas", canvas: this.water.canvas, coordinates: this.raster.corners, animate: false });
        this.map.addLayer({ id: "water", type: "raster", source: "water", paint: {
          "raster-fade-duration": 0, "raster-resampling": "nearest", "raster-opacity": 0.92 } }, "zones-dark");
      }
      this.show(this.shown, this.mode);
    }

    /* Draw an hour; resolves with the milliseconds until the picture stood. */
    go(hour) {
      if (!this.states) return Promise.resolve(0);
      const begin = performance.now();
      this.states.go(hour);
      const { at } = this.states;
      const capacity = this.geometry.roads.capacity;
      this.set("roads", "roads", "s", at.closed.length, (i) => (at.closed[i] ? 2 : at.speed[i] < 0.995 ? 1 : 0), 0);
      if (this.mode === "flow") {
        this.set("roads", "flow", "f", at.flow.length, (i) => {
          const load = capacity[i] ? at.flow[i] / capacity[i] : 0;
          return at.flow[i] <= 0 ? 0 : load <= 0.5 ? 1 : load <= 0.8 ? 2 : load <= 1 ? 3 : 4;
        }, 0);
      }
      this.set("power", "power", "s", at.power.length, (i) => at.power[i], 1);
      this.set("facilities", "facilities", "s", at.facilities.length, (i) => at.facilities[i], 1);
      this.set("zones", "zones", "s", at.zones.length, (i) => (at.zones[i] ? 0 : 1), 0);
      if (this.water && this.water.go(hour)) this.refreshWater();
      if (this.popup && this.popup.isOpen()) this.fillPopup();
      return new Promise((resolve) => {
        this.map.once("render", () => {
          const took = performance.now() - begin;
          this.stepMs.push(took);
          if (this.stepMs.length > 500) this.stepMs.shift();
          resolve(took);
        });
        this.map.triggerRepaint();
      });
    }

    set(source, key, name, count, value, base) {
      const drawn = this.drawn[key];
      for (let i = 0; i < count; i += 1) {
        const now = value(i);
        if (now !== (drawn[i] === undefined ? base : drawn[i])) {
          this.map.setFeatureState({ source, id: i }, { [name]: now });
          drawn[i] = now;
        }
      }
    }

    refreshWater() {
      const source = this.map.getSource("water");
      if (!source) return;
      source.play();
      this.map.once("render", () => source.pause());
    }

    popups() {
      const ids = ["hospitals-up", "hospitals-down", "places-up", "places-down", "power", "roads-hit", "roads"];
      this.map.on("click", (event) => {
        const { x, y } = event.point;
        const near = [[x - 4, y - 4], [x + 4, y + 4]];
        const found = ids.flatMap((id) => this.map.queryRenderedFeatures(near, { layers: [id] }))[0];
        const zone = this.map.queryRenderedFeatures(event.point, { layers: ["zones"] })[0];
        this.picked = { hit: found || zone || null, lngLat: event.lngLat };
        if (!this.popup) this.popup = new window.maplibregl.Popup({ maxWidth: "300px", className: "map-popup" });
        this.popup.setLngLat(event.lngLat);
        this.fillPopup();
        if (!this.popup.isOpen()) this.popup.addTo(this.map);
      });
      this.map.on("mousemove", (event) => {
        const seen = this.map.queryRenderedFeatures(event.point, { layers: ids.filter((id) => this.map.getLayer(id)) });
        this.map.getCanvas().style.cursor = seen.length ? "pointer" : "";
      });
    }

    fillPopup() {
      if (this.describe && this.picked) this.popup.setDOMContent(this.describe(this, this.picked));
    }

    /* Counts for the panel. */
    counts() {
      const { at } = this.states;
      const { zones, facilities } = this.geometry;
      const count = { closed: 0, slowed: 0, power: 0, dark: 0, hospitals: 0, allHospitals: 0 };
      at.closed.forEach((closed, i) => { if (closed) count.closed += 1; else if (at.speed[i] < 0.995) count.slowed += 1; });
      at.power.forEach((up) => { if (!up) count.power += 1; });
      at.zones.forEach((up, i) => { if (!up) count.dark += zones.people[i]; });
      at.facilities.forEach((up, i) => {
        if (facilities.kind[i] !== "hospital") return;
        count.allHospitals += 1;
        if (!up) count.hospitals += 1;
      });
      return count;
    }
  }

  Object.assign(window.resilience, { NetworkMap, loadMapLibrary: load, mapColours: COLOURS });
})();
