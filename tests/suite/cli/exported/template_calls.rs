/// Calls the function of a number with the values of names.
pub(super) fn write_message(number: usize, value: &dyn Fn(&str) -> Option<Value>) -> Result<String, String> {
    match number {
        1 => write_message_1(&value("t"), &value("a")),
        2 => write_message_2(&value("t"), &value("a"), &value("o")),
        3 => write_message_3(&value("t"), &value("o")),
        4 => write_message_4(&value("a")),
        5 => write_message_5(&value("a")),
        6 => write_message_6(&value("a")),
        7 => write_message_7(&value("a")),
        8 => write_message_8(&value("t")),
        9 => write_message_9(&value("a")),
        10 => write_message_10(&value("a")),
        11 => write_message_11(&value("a")),
        12 => write_message_12(&value("a")),
        13 => write_message_13(&value("n")),
        14 => write_message_14(&value("o")),
        15 => write_message_15(&value("t"), &value("a")),
        16 => write_message_16(&value("a"), &value("n")),
        17 => write_message_17(&value("t"), &value("a")),
        18 => write_message_18(&value("t")),
        19 => write_message_19(&value("t")),
        20 => write_message_20(&value("a")),
        21 => write_message_21(&value("a"), &value("n"), &value("o")),
        22 => write_message_22(&value("t"), &value("a"), &value("n")),
        _ => Err(String::new()),
    }
}
