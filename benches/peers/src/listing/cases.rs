use taskdex::{LastStatus, LifeCycleType, ScheduledType, TaskType};

use super::{Engine, Question};
use crate::measure::Effort;
use crate::random::Random;
use crate::report::Group;

/// Questions that are asked in turn.
#[derive(Debug, Clone)]
pub struct Case {
    /// [`Group::List`] or [`Group::Name`].
    pub group: Group,
    /// What they have in common.
    pub name: &'static str,
    /// One for each page, or for each needle.
    pub questions: Vec<Question>,
    /// Whether they are asked for as JSON too.
    pub is_json: bool,
}

/// Every case; pages lie at random places of the reference's answers.
pub fn cases(reference: &dyn Engine, effort: Effort) -> Vec<Case> {
    let random = &mut Random::new(0x0c42);
    let case = |group, name, questions, is_json| Case {
        group,
        name,
        questions,
        is_json,
    };
    let first = |question: Question| vec![question];
    let mut pages = |question: Question| {
        let total = reference.list(&question, &mut |_| ());
        let page = |_| Question {
            offset: usize::try_from(random.below(total as u64)).expect("an offset"),
            ..question
        };
        (0..effort.pages).map(page).collect()
    };
    let list = Group::List;
    let mut cases = vec![
        case(list, "no filter, first page", first(ANY), true),
        case(list, "no filter, deep pages", pages(ANY), true),
        case(list, "by next execution, first page", first(BY_NEXT), false),
        case(
            list,
            "FAIL by next execution, first page",
            first(FAIL_BY_NEXT),
            false,
        ),
    ];
    for (name, question) in FILTERS {
        cases.push(case(list, name, pages(question), name.contains(" and ")));
    }
    let needles = |needles: &[&'static str]| {
        needles
            .iter()
            .take(effort.needles)
            .map(|it| named(it))
            .collect()
    };
    let name = Group::Name;
    cases.extend([
        case(name, "four digits", needles(&SELECTIVE), false),
        case(name, "common words", needles(&WORDS), true),
        case(name, "Chinese words", needles(&CHINESE), false),
        case(name, "two characters", needles(&PAIRS), false),
    ]);
    if effort.is_full {
        let (pairs, again) = (needles(&CHINESE_PAIRS), pages(named("restart")));
        cases.push(case(name, "two Chinese characters", pairs, false));
        cases.push(case(name, "one word, page by page", again, false));
    }
    cases
}

const ANY: Question = Question {
    task_name: None,
    task_type: None,
    scheduled_type: None,
    life_cycle_type: None,
    last_status: None,
    by_next: false,
    offset: 0,
};
const BY_NEXT: Question = Question {
    by_next: true,
    ..ANY
};
const FAIL_BY_NEXT: Question = Question {
    last_status: Some(LastStatus::Fail),
    ..BY_NEXT
};

fn named(text: &'static str) -> Question {
    Question {
        task_name: Some(text),
        ..ANY
    }
}

const FILTERS: [(&str, Question); 7] = [
    (
        "REBOOT",
        Question {
            task_type: Some(TaskType::Reboot),
            ..ANY
        },
    ),
    (
        "WEEK",
        Question {
            scheduled_type: Some(ScheduledType::Week),
            ..ANY
        },
    ),
    (
        "SUCCESS",
        Question {
            last_status: Some(LastStatus::Success),
            ..ANY
        },
    ),
    (
        "SKIP",
        Question {
            last_status: Some(LastStatus::Skip),
            ..ANY
        },
    ),
    (
        "STOP, MONTH and FAIL",
        Question {
            task_type: Some(TaskType::Stop),
            scheduled_type: Some(ScheduledType::Month),
            last_status: Some(LastStatus::Fail),
            ..ANY
        },
    ),
    (
        "LIFE_CYCLE",
        Question {
            scheduled_type: Some(ScheduledType::LifeCycle),
            ..ANY
        },
    ),
    (
        "LIFE_CYCLE and its event",
        Question {
            scheduled_type: Some(ScheduledType::LifeCycle),
            life_cycle_type: Some(LifeCycleType::PostDesktopDisconnected),
            ..ANY
        },
    ),
];

/// Numbers that few names have.
const SELECTIVE: [&str; 12] = [
    "-0017", "-0259", "-0491", "-0633", "-0875", "-1007", "-1249", "-1481", "-1623", "-1865",
    "-2097", "-2239",
];

/// Words that many names have.
const WORDS: [&str; 12] = [
    "restart",
    "stop",
    "start",
    "reboot",
    "hibernate",
    "snapshot",
    "nightly",
    "weekly",
    "monthly",
    "frontdesk",
    "warehouse",
    "finance",
];

const CHINESE: [&str; 12] = [
    "定时关机",
    "定时开机",
    "定时重启",
    "夜间休眠",
    "自动备份",
    "创建快照",
    "重建系统盘",
    "执行脚本",
    "研发一部",
    "测试部",
    "市场部",
    "补丁更新",
];

const PAIRS: [&str; 12] = [
    "st", "re", "an", "-0", "ro", "ly", "ck", "up", "#1", " s", "hr", "in",
];

const CHINESE_PAIRS: [&str; 12] = [
    "夜间", "关机", "开机", "备份", "研发", "一部", "市场", "系统", "脚本", "检查", "快照", "更新",
];
