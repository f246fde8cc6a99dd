// Draws the charts of a report from the JSON beside it (results/report/charts.hpp says how it is laid out).
'use strict';
(() => {
  // Okabe and Ito's colours, which people with any colour vision tell apart.
  const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7a7a7a', '#000000'];
  const dashes = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
  const data = JSON.parse(document.getElementById('data').textContent);

  const pick = (list, index) => list[index % list.length];
  const number = (value) => Number(value.toPrecision(4)).toString();

  // The 95 % interval of every point: whiskers where points are few, a band where they are many.
  const intervals = {
    id: 'intervals',
    beforeDatasetsDraw(chart) {
      const { ctx, chartArea: area, scales: { y } } = chart;
      ctx.save();
      ctx.beginPath();
      ctx.rect(area.left, area.top, area.width, area.height);
      ctx.clip();
      chart.data.datasets.forEach((dataset, index) => {
        const meta = chart.getDatasetMeta(index);
        if (meta.hidden || dataset.hidden || !dataset.data.some((point) => point.half > 0)) return;
        const ends = dataset.data.map(({ y: mean, half }, i) => ({
          x: meta.data[i].x,
          low: y.getPixelForValue(y.type === 'logarithmic' && mean <= half ? y.min : mean - half),
          high: y.getPixelForValue(mean + half),
        }));
        (dataset.band ? drawBand : drawWhiskers)(ctx, ends, dataset.borderColor);
      });
      ctx.restore();
    },
  };

  function drawWhiskers(ctx, ends, colour) {
    ctx.strokeStyle = colour;
    for (const { x, low, high } of ends) {
      ctx.beginPath();
      for (const [fromX, fromY, toX, toY] of [[x, low, x, high], [x - 4, low, x + 4, low], [x - 4, high, x + 4, high]]) {
        ctx.moveTo(fromX, fromY);
        ctx.lineTo(toX, toY);
      }
      ctx.stroke();
    }
  }

  function drawBand(ctx, ends, colour) {
    ctx.fillStyle = colour;
    ctx.globalAlpha = 0.15;
    ctx.beginPath();
    for (const { x, high } of ends) ctx.lineTo(x, high);
    for (const { x, low } of ends.slice().reverse()) ctx.lineTo(x, low);
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  const point = {
    spans: ([start, end, row]) => ({ x: [start, end], y: row }),
    stack: ([length, row]) => ({ x: length, y: row }),
  };

  const datasetOf = (spec) => (line) => ({
    label: line.label,
    series: line.series,
    hidden: spec.by_series && !data.shown.includes(line.series),
    data: line.points.map(point[spec.kind] ?? (([x, y, half]) => ({ x, y, half: half ?? 0 }))),
    band: line.points.length > 12,
    borderColor: pick(colours, line.colour),
    backgroundColor: pick(colours, line.colour),
    borderDash: spec.kind === 'lines' ? pick(dashes, line.dash) : [],
    borderWidth: spec.kind === 'lines' ? 2 : 0,
    pointRadius: line.points.length > 12 ? 0 : 3,
    pointHitRadius: 6,
  });

  const axis = (spec, name) => ({
    type: spec[name].labels ? 'category' : spec[name].log ? 'logarithmic' : 'linear',
    labels: spec[name].labels,
    stacked: spec.kind === 'stack',
    title: { display: true, text: spec[name].title },
    ...(name === 'y' && range(spec)),
    ...(spec[name].ticks && {
      min: spec[name].ticks[0],
      max: spec[name].ticks.at(-1),
      afterBuildTicks: (scale) => { scale.ticks = spec[name].ticks.map((value) => ({ value })); },
    }),
    ticks: { callback(value) { return spec[name].labels ? this.getLabelForValue(value) : number(value); } },
  });

  // Room for the intervals.
  function range(spec) {
    if (spec.kind !== 'lines' || spec.y.log) return {};
    const points = spec.lines.filter(({ series }) => data.shown.includes(series)).flatMap((line) => line.points);
    return {
      suggestedMin: Math.min(...points.map(([, y, half]) => y - (half ?? 0))),
      suggestedMax: Math.max(...points.map(([, y, half]) => y + (half ?? 0))),
    };
  }

  function draw(spec, canvas) {
    return new Chart(canvas, {
      type: spec.kind === 'lines' ? 'line' : 'bar',
      data: { datasets: spec.lines.map(datasetOf(spec)) },
      options: {
        animation: false,
        maintainAspectRatio: false,
        indexAxis: spec.kind in point ? 'y' : 'x',
        scales: { x: axis(spec, 'x'), y: axis(spec, 'y') },
        interaction: { mode: 'nearest', intersect: false },
        plugins: {
          legend: { position: 'bottom', labels: { boxWidth: 14, boxHeight: 8, font: { size: 11 }, filter: (item, { datasets }) => !datasets[item.datasetIndex].hidden } },
          tooltip: { callbacks: { label: tooltip } },
        },
      },
      plugins: [intervals],
    });
  }

  function tooltip({ dataset, raw }) {
    if (typeof raw.y === 'string') return `${dataset.label}: ${[raw.x].flat().map(number).join(' to ')}`;
    return `${dataset.label}: ${number(raw.y)}${raw.half > 0 ? ` ± ${number(raw.half)}` : ''}`;
  }

  function addSeriesBoxes(charts) {
    const boxes = document.getElementById('series');
    for (const name of boxes ? data.series : []) {
      const label = document.createElement('label');
      const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: data.shown.includes(name) });
      box.addEventListener('change', () => charts.forEach((chart) => {
        for (const dataset of chart.data.datasets) if (dataset.series === name) dataset.hidden = !box.checked;
        chart.update();
      }));
      label.append(box, ` ${name}`);
      boxes.append(label);
    }
  }

  const charts = data.charts.map((spec, i) => draw(spec, document.getElementById(`chart${i}`)));
  addSeriesBoxes(charts.filter((chart, i) => data.charts[i].by_series));
  document.body.dataset.drawn = charts.length;
})();
