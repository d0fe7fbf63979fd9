//! Numbers as a row of bars, for the eye.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws the last numbers, one bar each, as many as fit into a width. The largest in sight is a whole bar and
/// nothing is the lowest; a number that is missing is a blank.
pub fn spark(values: &[Option<f64>], width: usize) -> String {
    let shown = values.get(values.len().saturating_sub(width)..).unwrap_or_default();
    let most = shown.iter().flatten().copied().fold(0.0, f64::max);
    let bar = |value: f64| {
        let part = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        let step = (part * (BARS.len() - 1) as f64).round() as usize;
        BARS.get(step).copied().unwrap_or(' ')
    };
    shown.iter().map(|value| value.map_or(' ', bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_a_whole_bar_and_the_newest_stay() {
        let values = [Some(100.0), Some(0.0), Some(4.0), None, Some(8.0)];
        assert_eq!(spark(&values, 4), "▁▅ █");
        assert_eq!(spark(&values, 9), "█▁▁ ▂");
        assert_eq!((spark(&[], 4), spark(&[Some(0.0)], 4)), (String::new(), "▁".to_owned()));
    }
}
