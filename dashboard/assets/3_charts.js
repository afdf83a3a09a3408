/* Charts follow the hour: the upright line named "hour" moves, and a click on a chart sets the hour. */
"use strict";

(function () {
  const { whenChanged } = window.resilience;

  function drawn() {
    return document.querySelectorAll(".curve-graph .js-plotly-plot");
  }

  function move(chart, hour) {
    const shapes = chart.layout && chart.layout.shapes;
    if (!shapes || !window.Plotly) return;
    const at = shapes.findIndex((shape) => shape.name === "hour");
    if (at < 0 || shapes[at].x0 === hour) return;
    window.Plotly.relayout(chart, { [`shapes[${at}].x0`]: hour, [`shapes[${at}].x1`]: hour });
  }

  let waiting = null;
  document.addEventListener("resilience:hour", (event) => {
    if (waiting) window.cancelAnimationFrame(waiting);
    waiting = window.requestAnimationFrame(() => drawn().forEach((chart) => move(chart, event.detail)));
  });

  whenChanged(() => {
    drawn().forEach((chart) => {
      if (chart.followsHour || !chart.on) return;
      chart.followsHour = true;
      chart.on("plotly_click", (event) => window.resilience.setHour(event.points[0].x));
      move(chart, window.resilience.hour());
    });
  });
})();
