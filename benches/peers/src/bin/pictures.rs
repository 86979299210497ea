//! Draws pictures from the JSON Lines of a run.
//!
//! ```text
//! cargo run --release -p taskdex-peers --bin pictures -- FILE.jsonl docs/images
//! ```

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use taskdex_peers::measure::count;
use taskdex_peers::report::{Figure, Group, distinct, duration, thousands};

/// Okabe and Ito's colours, which the colour-blind tell apart, but for yellow and black, which
/// are not seen on white or in the dark; and dashes, as SVG has them.
const LOOKS: [(RGBColor, &str, Marker); 6] = [
    (RGBColor(0xD5, 0x5E, 0x00), "none", Marker::Disc),
    (RGBColor(0x00, 0x72, 0xB2), "10 4", Marker::Square),
    (RGBColor(0x56, 0xB4, 0xE9), "2 3", Marker::Diamond),
    (RGBColor(0x00, 0x9E, 0x73), "6 3", Marker::Triangle),
    (RGBColor(0xCC, 0x79, 0xA7), "12 3 2 3", Marker::Cross),
    (RGBColor(0xE6, 0x9F, 0x00), "4 4", Marker::Ring),
];

/// Engines, each with its look; those of one picture have looks of their own.
const ENGINES: [(&str, usize); 14] = [
    ("taskdex", 0),
    ("SQLite", 1),
    ("SQLite, counts", 2),
    ("Vec", 3),
    ("roaring", 4),
    ("composable", 5),
    ("BTreeSet", 3),
    ("BinaryHeap", 4),
    ("DelayQueue", 5),
    ("rrule", 1),
    ("cronexpr", 2),
    ("cron", 3),
    ("croner", 4),
    ("", 5),
];

const SIZE: (u32, u32) = (760, 420);
/// Between the labels of two lines.
const LABEL_HEIGHT: i32 = 16;
const FONT: &str = "sans-serif";

#[derive(Clone, Copy)]
enum Marker {
    Disc,
    Ring,
    Square,
    Diamond,
    Triangle,
    Cross,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, folder] = args.as_slice() else {
        return Err("usage: pictures FILE.jsonl FOLDER".into());
    };
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().map(serde_json::from_str);
    let figures: Vec<Figure> = lines.collect::<serde_json::Result<_>>()?;
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let growth = [
        (
            "listing",
            Group::List,
            "no filter, deep pages",
            "A page without a filter, and the total",
        ),
        (
            "filters",
            Group::List,
            "STOP, MONTH and FAIL",
            "Three filters: a page and the total",
        ),
        (
            "names",
            Group::Name,
            "common words",
            "Common words in the name: a page and the total",
        ),
        (
            "due",
            Group::Due,
            "take, and put back",
            "What is due: taking one, and putting back its next",
        ),
    ];
    for (name, group, case, title) in growth {
        let of_case = figures
            .iter()
            .filter(|it| it.group == group && it.case == case);
        save(folder, name, title, |area| {
            draw_growth(area, &of_case.collect::<Vec<_>>(), title)
        })?;
    }
    let next: Vec<&Figure> = figures
        .iter()
        .filter(|it| it.group == Group::Next)
        .collect();
    let title = "The next execution, from instant to instant";
    save(folder, "next-execution", title, |area| {
        draw_next(area, &next, title)
    })?;
    let memory = figures.iter().filter(|it| it.group == Group::Memory);
    let memory: Vec<&Figure> = memory.filter(|it| it.case == "tasks and indexes").collect();
    let n = memory
        .iter()
        .filter(|it| it.engine == "SQLite")
        .filter_map(|it| it.n)
        .max();
    let memory: Vec<&Figure> = memory.into_iter().filter(|it| it.n == n).collect();
    let title = format!(
        "Bytes a task, with all indexes, {} tasks",
        thousands(n.unwrap_or(0))
    );
    save(folder, "memory", &title, |area| {
        draw_memory(area, &memory, &title)
    })
}

/// Draws a picture, gives it colours for light and dark, and writes it.
fn save(
    folder: &Path,
    name: &str,
    title: &str,
    draw: impl FnOnce(&Area<'_>) -> Result<()>,
) -> Result<()> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw(&area)?;
        area.present()?;
    }
    let mut style = String::from(
        "<style>.page{fill:#fff}text{fill:#1f2328}\
        @media(prefers-color-scheme:dark){.page{fill:#0d1117}text{fill:#e6edf3}\
        [stroke=\"#000000\"]{stroke:#e6edf3}}",
    );
    for (color, dash, _) in LOOKS {
        let RGBColor(red, green, blue) = color;
        write!(
            style,
            "polyline[stroke=\"#{red:02X}{green:02X}{blue:02X}\"]{{stroke-dasharray:{dash}}}"
        )?;
    }
    let begin = svg.find('>').ok_or("not an SVG")? + 1;
    let page = format!(
        "\n<title>{title}</title>{style}</style>\
        <rect class=\"page\" width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>"
    );
    svg.insert_str(begin, &page);
    Ok(std::fs::write(folder.join(format!("{name}.svg")), svg)?)
}

/// Time against tasks, both by powers of ten, one line an engine.
fn draw_growth(area: &Area<'_>, figures: &[&Figure], title: &str) -> Result<()> {
    let points = |engine: &str| -> Vec<(f64, f64)> {
        let of_engine = figures.iter().filter(|it| it.engine == engine);
        of_engine
            .filter_map(|it| Some((count(it.n?), it.median_ns?)))
            .collect()
    };
    let all: Vec<(f64, f64)> = distinct(figures.iter().map(|it| it.engine.as_str()))
        .into_iter()
        .flat_map(points)
        .collect();
    let (left, right) = bounds(all.iter().map(|it| it.0))?;
    let (low, high) = bounds(all.iter().map(|it| it.1))?;
    let (low, high) = (power(low.log10().floor()), power(high.log10().ceil()));
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 17))
        .margin(12)
        .margin_right(130)
        .x_label_area_size(40)
        .y_label_area_size(62)
        .build_cartesian_2d((left..right).log_scale(), (low..high).log_scale())?;
    (chart.configure_mesh())
        .x_desc("tasks")
        .y_desc("time of one call")
        .x_labels(powers(left, right))
        .y_labels(powers(low, high))
        .x_label_formatter(&|n| format!("{n:.0}").parse().map_or(String::new(), thousands))
        .y_label_formatter(&|ns| round_duration(*ns))
        .label_style((FONT, 12))
        .bold_line_style(BLACK.mix(0.15))
        .light_line_style(TRANSPARENT)
        .draw()?;
    let mut labels = Vec::new();
    for engine in distinct(figures.iter().map(|it| it.engine.as_str())) {
        let (color, _, marker) = look(engine);
        let points = points(engine);
        chart.draw_series(LineSeries::new(points.clone(), color.stroke_width(2)))?;
        let places = points.iter().map(|point| chart.backend_coord(point));
        let places: Vec<(i32, i32)> = places.collect();
        for place in &places {
            mark(area, *place, color, marker)?;
        }
        labels.extend(places.last().map(|&(x, y)| (y, x, engine)));
    }
    spread(&mut labels);
    for (y, x, engine) in labels {
        label(area, engine, (x + 10, y), HPos::Left)?;
    }
    Ok(())
}

/// A row for each kind of schedule, a mark for each library.
fn draw_next(area: &Area<'_>, figures: &[&Figure], title: &str) -> Result<()> {
    let cases = distinct(figures.iter().map(|it| it.case.as_str()));
    let (low, high) = bounds(figures.iter().filter_map(|it| it.median_ns))?;
    let (low, high) = (power(low.log10().floor()), power(high.log10().ceil()));
    let rows = count(cases.len());
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_top(62)
        .x_label_area_size(40)
        .y_label_area_size(230)
        .build_cartesian_2d((low..high).log_scale(), 0.0..rows)?;
    (chart.configure_mesh())
        .x_desc("time of one call")
        .x_labels(powers(low, high))
        .x_label_formatter(&|ns| round_duration(*ns))
        .y_labels(0)
        .label_style((FONT, 12))
        .bold_line_style(BLACK.mix(0.15))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (row, case) in (0..).zip(&cases) {
        let y = rows - 0.5 - f64::from(row);
        let (_, middle) = chart.backend_coord(&(low, y));
        label(area, case, (236, middle), HPos::Right)?;
        for figure in figures.iter().filter(|it| it.case == *case) {
            let (color, _, marker) = look(&figure.engine);
            let place = chart.backend_coord(&(figure.median_ns.unwrap_or(low), y));
            mark(area, place, color, marker)?;
        }
    }
    let large = TextStyle::from((FONT, 17).into_font()).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(title.to_owned(), (380, 20), large))?;
    let mut x = 250;
    for engine in distinct(figures.iter().map(|it| it.engine.as_str())) {
        let (color, _, marker) = look(engine);
        mark(area, (x, 46), color, marker)?;
        label(area, engine, (x + 10, 46), HPos::Left)?;
        x += 96;
    }
    Ok(())
}

/// A bar for each engine.
fn draw_memory(area: &Area<'_>, figures: &[&Figure], title: &str) -> Result<()> {
    let of_task = |it: &Figure| Some(count(it.bytes?) / count(it.n?));
    let (_, high) = bounds(figures.iter().filter_map(|it| of_task(it)))?;
    let rows = count(figures.len());
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 17))
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(130)
        .build_cartesian_2d(0.0..high * 1.1, 0.0..rows)?;
    (chart.configure_mesh())
        .disable_y_mesh()
        .x_label_formatter(&|bytes| format!("{bytes:.0}"))
        .y_labels(0)
        .label_style((FONT, 12))
        .bold_line_style(BLACK.mix(0.15))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (row, figure) in (0..).zip(figures) {
        let (color, _, _) = look(&figure.engine);
        let bytes = of_task(figure).unwrap_or_default();
        let middle = rows - 0.5 - f64::from(row);
        let bar = [(0.0, middle - 0.3), (bytes, middle + 0.3)];
        chart.draw_series([Rectangle::new(bar, color.filled())])?;
        let (begin, y) = chart.backend_coord(&(0.0, middle));
        let (end, _) = chart.backend_coord(&(bytes, middle));
        label(area, &figure.engine, (begin - 8, y), HPos::Right)?;
        label(area, &format!("{bytes:.0}"), (end + 6, y), HPos::Left)?;
    }
    Ok(())
}

fn look(engine: &str) -> (RGBColor, &'static str, Marker) {
    let known = ENGINES.iter().find(|(name, _)| *name == engine);
    LOOKS[known.map_or(5, |(_, look)| *look)]
}

fn label(area: &Area<'_>, text: &str, place: (i32, i32), horizontal: HPos) -> Result<()> {
    let style = TextStyle::from((FONT, 13).into_font()).pos(Pos::new(horizontal, VPos::Center));
    Ok(area.draw(&Text::new(text.to_owned(), place, style))?)
}

fn mark(area: &Area<'_>, (x, y): (i32, i32), color: RGBColor, marker: Marker) -> Result<()> {
    let (filled, line) = (color.filled(), color.stroke_width(2));
    Ok(match marker {
        Marker::Disc => area.draw(&Circle::new((x, y), 5, filled)),
        Marker::Ring => area.draw(&Circle::new((x, y), 5, line)),
        Marker::Square => area.draw(&Rectangle::new([(x - 4, y - 4), (x + 4, y + 4)], filled)),
        Marker::Diamond => {
            let corners = [(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)];
            area.draw(&Polygon::new(corners, filled))
        }
        Marker::Triangle => area.draw(&TriangleMarker::new((x, y), 6, filled)),
        Marker::Cross => area.draw(&Cross::new((x, y), 5, line)),
    }?)
}

/// Puts labels so far apart that each can be read.
fn spread(labels: &mut [(i32, i32, &str)]) {
    labels.sort_unstable();
    for at in 1..labels.len() {
        labels[at].0 = labels[at].0.max(labels[at - 1].0 + LABEL_HEIGHT);
    }
}

/// The least and the greatest of some values.
fn bounds(values: impl Iterator<Item = f64>) -> Result<(f64, f64)> {
    let bounds = values.fold(None, |bounds: Option<(f64, f64)>, it| {
        Some(bounds.map_or((it, it), |(low, high)| (low.min(it), high.max(it))))
    });
    bounds.ok_or_else(|| "no figures for a picture: run all groups".into())
}

fn power(exponent: f64) -> f64 {
    10_f64.powf(exponent)
}

/// How many powers of ten there are between two.
fn powers(low: f64, high: f64) -> usize {
    format!("{:.0}", (high / low).log10())
        .parse::<usize>()
        .map_or(2, |it| it + 1)
}

/// A time of a power of ten, without decimals.
fn round_duration(ns: f64) -> String {
    duration(ns).replace(".00", "").replace(".0", "")
}
