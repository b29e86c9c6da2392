"""The texts of the page, in English and Korean."""

from __future__ import annotations

LANGUAGES = {"en": "English", "ko": "한국어"}
"""The languages, in the order of the texts."""

LABELS = {
    "title": ("Data quality", "데이터 품질"),
    "period": ("Period", "기간"),
    "period.from_to": ("{first} to {last}", "{first}부터 {last}까지"),
    "period.empty": ("no hours", "자료 없음"),
    "period.all": ("all stored hours", "저장된 모든 시간"),
    "period.asked": ("as asked for", "지정한 기간"),
    "made": ("Made", "작성 시각"),
    "database": ("Database", "데이터베이스"),
    "release": ("Release", "버전"),
    "stations": ("Weather stations", "기상 지점"),
    "stations.all": ("all", "전체"),
    "stations.some": ("{count} chosen: {stations}", "선택한 {count}곳: {stations}"),
    "stations.not_stored": ("Without any hour in the period: {stations}", "기간 안에 자료가 없는 지점: {stations}"),
    "tables.not_there": (
        "This database does not have these tables of release {release}: {tables}. Their content is not shown.",
        "이 데이터베이스에는 버전 {release}의 다음 테이블이 없어 해당 내용은 표시하지 않습니다: {tables}.",
    ),
    "empty": (
        "No hours are stored in this period. There is nothing to show about coverage, gaps and fills.",
        "이 기간에 저장된 시간 자료가 없어 수록 현황, 결측, 보간에 대해 보여 줄 내용이 없습니다.",
    ),
    "contents": ("Contents", "차례"),
    "language": ("Language", "언어"),
    "cut": ("Shown: {shown} of {total}.", "전체 {total}건 중 {shown}건을 표시합니다."),
    "none": ("None.", "없음."),
    "not_recorded": (
        "Not recorded in this database: it has no such table yet. The next run of a job makes it.",
        "이 데이터베이스에는 아직 해당 테이블이 없어 기록이 없습니다. 다음 작업 실행 때 만들어집니다.",
    ),
    "any_time": ("Of any time, not only of the period.", "기간과 관계없이 전체 기록입니다."),
    # the verdict
    "verdict.green": ("Green: all in order", "초록: 모두 정상입니다"),
    "verdict.amber": ("Amber: something needs a look", "노랑: 확인할 것이 있습니다"),
    "verdict.red": ("Red: there is a problem", "빨강: 문제가 있습니다"),
    "verdict.what": (
        "Freshness and last runs are judged as by edl check, which exits with 1 where this is red. All but "
        "completeness is about the whole database when this page was made; completeness is about the period.",
        "최신 여부와 최근 실행은 edl check와 같이 판단하며, 빨강이면 edl check의 종료 코드가 1입니다. 완전성은 기간에 "
        "대한 것이고, 나머지는 페이지를 만든 때의 데이터베이스 전체에 대한 것입니다.",
    ),
    "light.green": ("in order", "정상"),
    "light.amber": ("needs a look", "확인 필요"),
    "light.red": ("problem", "문제"),
    "check.fresh": ("Freshness", "최신 여부"),
    "check.runs": ("Last runs", "최근 실행"),
    "check.complete": ("Completeness", "완전성"),
    "check.drift": ("Changes in sources", "원천의 변화"),
    "check.rejects": ("Rejected rows", "거부된 행"),
    "fresh.nothing": (
        "No hours from services are stored yet. --max-age names tables that come in files.",
        "서비스에서 받은 시간 자료가 아직 없습니다. 파일로 들어오는 테이블은 --max-age로 지정합니다.",
    ),
    "fresh.no_hours": ("no hours are stored yet", "저장된 시간 자료가 없습니다"),
    "fresh.age": (
        "the newest hour is {last} KST, {hours} h old; {allowed} h are allowed",
        "가장 최근 시각은 {last} KST, {hours}시간 전입니다. 허용: {allowed}시간",
    ),
    "fresh.stale": ("late are {late} of {series}:", "{series}곳 중 늦은 곳 {late}곳:"),
    "runs.last_succeeded": ("The last run of each job succeeded.", "작업마다 최근 실행이 성공했습니다."),
    "complete.hours": (
        "{missing} of {hours} hours have no value; {days} days are incomplete.",
        "전체 {hours}시간 중 {missing}시간에 값이 없습니다. 불완전한 날: {days}일.",
    ),
    "complete.lacking": (
        "{count} of {series} stations and plants lack 1 % of their hours or more:",
        "지점·발전소 {series}곳 중 {count}곳에서 시간의 1 % 이상이 비어 있습니다:",
    ),
    "more": ("and {count} more", "외 {count}곳"),
    "last.drift": ("Noticed by the last runs: {count}.", "최근 실행에서 발견된 변화: {count}건."),
    "last.rejects": ("Rejected by the last runs: {count}.", "최근 실행에서 거부된 행: {count}개."),
    # the summary
    "summary": ("At a glance", "한눈에 보기"),
    "summary.series": ("stations and plants", "지점·발전소"),
    "summary.hours": ("hours that could be there", "있어야 할 시간"),
    "summary.observed": ("observed in full", "모두 관측된 시간"),
    "summary.filled": ("with filled values", "보간값이 있는 시간"),
    "summary.missing": ("without a value", "값이 없는 시간"),
    "summary.gaps": ("gaps of the weather", "기상 결측 구간"),
    "summary.totals": ("days with another total", "일 합계가 다른 날"),
    "summary.rejects": ("rejected rows", "거부된 행"),
    "summary.drift": ("changes in sources", "원천의 변화"),
    "summary.failed": ("runs failed or incomplete", "실패하거나 미완료된 실행"),
    # coverage
    "coverage": ("Coverage", "수록 현황"),
    "coverage.what": (
        "For each station or plant, the hours between its first and its last stored hour. What lies before or after is "
        "blank and is not counted as missing; the column of the last hour shows which have stopped.",
        "각 지점·발전소의 첫 시각과 마지막 시각 사이를 셉니다. 그 전후는 빈칸이며 결측으로 세지 않습니다. "
        "수신이 멈춘 곳은 마지막 시각 열에서 알 수 있습니다.",
    ),
    "coverage.weather": (
        "An hour is observed in full if all imputed fields are, filled if a fill stands for at least one of "
        "them, and missing if one has no value or the hour has no row.",
        "보간 대상 항목이 모두 관측되었으면 관측, 하나라도 보간값이면 보간, 하나라도 값이 없거나 행이 없으면 "
        "결측으로 봅니다.",
    ),
    "coverage.fields": ("Imputed fields:", "보간 대상 항목:"),
    "coverage.plants": (
        "An hour is there if it has a value; nothing is filled in generation.",
        "값이 있으면 수록된 시간으로 봅니다. 발전량은 보간하지 않습니다.",
    ),
    "coverage.by_month": ("By month", "월별"),
    "coverage.by_day": ("By day", "일별"),
    "coverage.calendar": ("Every day: a row per year, a column per day", "모든 날: 한 해가 한 줄, 하루가 한 칸"),
    "coverage.sorted": (
        "The series with the most hours without a value come first.",
        "값이 없는 시간이 많은 순서입니다.",
    ),
    "column.series": ("station or plant", "지점·발전소"),
    "column.observed": ("observed", "관측"),
    "column.filled": ("filled (h)", "보간 (시간)"),
    "column.missing": ("missing (h)", "결측 (시간)"),
    "column.incomplete": ("incomplete days", "불완전한 날"),
    "column.last": ("last hour", "마지막 시각"),
    "legend": ("Legend", "범례"),
    "state.observed": ("every hour observed", "모든 시간 관측"),
    "state.mostly_observed": ("complete, up to 10 % filled", "완전, 보간 10 % 이하"),
    "state.partly_observed": ("complete, up to half filled", "완전, 보간 절반 이하"),
    "state.mostly_filled": ("complete, most filled", "완전, 대부분 보간"),
    "state.few_missing": ("under 10 % missing", "결측 10 % 미만"),
    "state.many_missing": ("10 % or more missing", "결측 10 % 이상"),
    "state.absent": ("nothing there", "자료 없음"),
    # gaps
    "gaps": ("Gap lengths", "결측 길이 분포"),
    "gaps.what": (
        "A gap is a run of hours of one station that have a row and no observation of the field, filled or not.",
        "결측 구간은 한 지점에서 행은 있으나 해당 항목의 관측이 없는 연속된 시간입니다(보간 여부와 무관).",
    ),
    "gaps.length": ("length (h)", "길이 (시간)"),
    "gaps.all": ("all gaps", "전체 구간"),
    "gaps.hours": ("their hours", "결측 시간"),
    "gaps.or_more": ("{length} or more", "{length} 이상"),
    # fills
    "fills": ("Values by method", "방법별 값"),
    "fills.what": (
        "How each value of the imputed fields was obtained.",
        "보간 대상 항목의 값이 어떻게 얻어졌는지입니다.",
    ),
    "fills.method": ("method", "방법"),
    "fills.share": ("share not observed", "관측이 아닌 비율"),
    "method.observed": ("observed", "관측"),
    "method.spline": ("spline", "스플라인"),
    "method.linear": ("straight line", "직선 보간"),
    "method.nearest": ("nearest observation", "가장 가까운 관측"),
    "method.climatology": ("climatology", "기후값(동일 월·일·시 평균)"),
    "method.station_mean": ("mean of the station", "지점 평균"),
    "method.global_mean": ("mean of all stations", "전체 평균"),
    "method.unfilled": ("not filled", "채우지 못함"),
    "method.optimal_interpolation": ("optimal interpolation", "최적 내삽"),
    "method.optimal_interpolation_neighbours": ("optimal interpolation with neighbours", "최적 내삽(이웃 지점 포함)"),
    "method.borrowed_climatology": ("climatology of another station", "다른 지점의 기후값"),
    # what is doubtful
    "doubtful": ("Doubtful values", "의심스러운 값"),
    "doubtful.outside": (
        "Observations outside the physical bounds of their field. They are kept and take part in fills, unless the job "
        "was told to take them for missing (--out-of-range missing).",
        "항목의 물리적 범위를 벗어난 관측값입니다. 결측으로 처리하도록 지정하지 않으면(--out-of-range missing) "
        "그대로 저장되고 보간에 쓰입니다.",
    ),
    "doubtful.made_up": (
        "Stretches of a station and field in which more than half of the hours of 30 days in a row are fills.",
        "연속된 30일 가운데 절반 넘는 시간이 보간값인 지점·항목의 구간입니다.",
    ),
    "column.bounds": ("bounds", "범위"),
    "column.first": ("first: station, hour, value", "처음: 지점, 시각, 값"),
    "column.first_day": ("first day", "첫날"),
    "column.last_day": ("last day", "마지막 날"),
    "column.share": ("share of fills", "보간 비율"),
    # the longest gaps
    "longest": ("The longest gaps", "가장 긴 결측 구간"),
    "longest.what": (
        "One gap per station and time: of several fields that are missing together the one that is missing longest.",
        "지점과 시기마다 한 구간만 보여 줍니다. 여러 항목이 함께 빠졌으면 가장 긴 항목입니다.",
    ),
    "longest.cut": ("Shown: the {shown} longest of {total} gaps.", "전체 {total}개 구간 중 가장 긴 {shown}개입니다."),
    "longest.hours": ("{hours} h without an observation", "관측 없는 {hours}시간"),
    "longest.also": ("at the same time also missing:", "같은 때 함께 빠진 항목:"),
    "longest.step": ("of these hours every {step}th is drawn", "{step}시간마다 한 점만 그렸습니다"),
    "longest.gap": ("gap", "결측 구간"),
    "longest.interval": ("interval of the fills", "보간값의 신뢰 구간"),
    "longest.fills": ("filled by", "채운 방법"),
    # replaced fills
    "replaced": ("Replaced fills", "다시 계산된 보간값"),
    "replaced.what": (
        "Fills of the period that a later run replaced, because an observation or the hours after them had come.",
        "관측값이나 이후 시간이 들어와 나중 실행에서 바뀐 기간 내 보간값입니다.",
    ),
    "replaced.count": ("{count} fills were replaced.", "보간값 {count}개가 바뀌었습니다."),
    "replaced.newest": ("Newest", "최근"),
    "replaced.from_to": ("what became what", "변화"),
    "column.count": ("count", "개수"),
    "column.station": ("station", "지점"),
    "column.hour": ("hour", "시각"),
    "column.field": ("field", "항목"),
    "column.before": ("before", "전"),
    "column.after": ("after", "후"),
    "column.changed": ("changed (UTC)", "변경 시각 (UTC)"),
    # totals
    "totals": ("Daily totals of generation", "발전량 일 합계"),
    "totals.what": (
        "Days on which the hours of a plant do not add up to the published total, beyond rounding. Compared are: "
        "{stored} days of KOSPO solar with 24 values and a total, as stored; and what the last {read} of {runs} "
        "runs of the generation job said of {files} files. Wind of KOEN has no totals.",
        "시간별 값의 합이 공표된 일 합계와 반올림 이상으로 다른 날입니다. 비교 대상: 24개 값과 합계가 모두 저장된 "
        "남부발전 태양광 {stored}일, 파일 발전량 작업 {runs}회 중 최근 {read}회가 파일 {files}개에 대해 보고한 내용. "
        "남동발전 풍력에는 합계가 없습니다.",
    ),
    "totals.cut": (
        "Shown: the {shown} largest of {total} differences.",
        "차이 {total}건 중 큰 순서로 {shown}건입니다.",
    ),
    "totals.plants_cut": (
        "Shown: the {shown} of {total} plants with the most such days.",
        "발전소 {total}곳 중 해당 날이 많은 {shown}곳입니다.",
    ),
    "totals.largest": ("The largest differences", "가장 큰 차이"),
    "totals.none": ("No day differs.", "다른 날이 없습니다."),
    "column.plant": ("plant", "발전소"),
    "column.days": ("days that differ", "다른 날"),
    "column.day": ("day", "날짜"),
    "column.hours_kwh": ("sum of hours (kWh)", "시간 합 (kWh)"),
    "column.total_kwh": ("published total (kWh)", "공표 합계 (kWh)"),
    "column.difference": ("difference, part of the larger", "차이, 큰 쪽 대비"),
    "column.source": ("file and line", "파일과 줄"),
    # rejects
    "rejects": ("Rejected rows", "거부된 행"),
    "rejects.what": (
        "Rows of files and items of services that could not be stored as they are; table rejects has them all. Reasons "
        "and content are shown as they were recorded.",
        "그대로 저장할 수 없었던 파일의 행과 서비스의 항목입니다. 전체는 rejects 테이블에 있으며, 사유와 내용은 기록된 "
        "그대로 보여 줍니다.",
    ),
    "rejects.newest": ("Newest", "최근"),
    "column.reason": ("reason", "사유"),
    "column.content": ("content", "내용"),
    "column.first_seen": ("first seen (UTC)", "처음 발견 (UTC)"),
    # drift
    "drift": ("Changes in sources", "원천의 변화"),
    "drift.what": (
        "New, vanished or retyped fields, stations and plants that appeared or disappeared, values far off "
        "their history.",
        "새로 생기거나 사라지거나 형식이 바뀐 항목, 나타나거나 사라진 지점·발전소, 과거와 크게 다른 값입니다.",
    ),
    "kind.field_new": ("new field", "새 항목"),
    "kind.field_vanished": ("field vanished", "사라진 항목"),
    "kind.field_retyped": ("field of another kind", "형식이 바뀐 항목"),
    "kind.member_new": ("new station or plant", "새 지점·발전소"),
    "kind.member_vanished": ("station or plant vanished", "사라진 지점·발전소"),
    "kind.unit_jump": ("jump of the unit", "단위 급변"),
    "kind.distribution": ("far off its history", "과거와 크게 다른 분포"),
    "drift.none": ("None noticed.", "발견된 변화가 없습니다."),
    "column.kind": ("kind", "종류"),
    "column.table": ("table", "테이블"),
    "column.subject": ("subject", "대상"),
    "column.detail": ("detail", "설명"),
    "column.noticed": ("noticed (UTC)", "발견 (UTC)"),
    # runs
    "runs": ("Runs", "실행 기록"),
    "runs.what": ("Every run of a job is a row of table runs.", "작업을 실행할 때마다 runs 테이블에 한 행이 남습니다."),
    "runs.ended": ("How they ended", "결과"),
    "runs.newest": ("Newest", "최근"),
    "status.succeeded": ("succeeded", "성공"),
    "status.incomplete": ("incomplete", "미완료"),
    "status.empty": ("empty", "수신 없음"),
    "status.failed": ("failed", "실패"),
    "status.running": ("running, or died", "실행 중 또는 중단됨"),
    "column.job": ("job", "작업"),
    "column.status": ("status", "상태"),
    "column.started": ("started (UTC)", "시작 (UTC)"),
    "column.seconds": ("seconds", "초"),
    "column.engine": ("engine", "엔진"),
    "column.inserted": ("inserted", "추가"),
    "column.updated": ("updated", "수정"),
    "column.unchanged": ("unchanged", "동일"),
    "column.rejected": ("rejected", "거부"),
    "column.requests": ("requests", "요청"),
    "column.shadow": ("shadow: calls (mismatches)", "섀도: 호출 (불일치)"),
    "column.message": ("message", "메시지"),
    # what is not here
    "limits": ("What is not here", "여기에 없는 것"),
    "limits.tables": (
        "Only fields that were ever imputed are looked at in the weather; quality flags and all other fields are not.",
        "기상은 한 번이라도 보간한 항목만 봅니다. 품질 플래그와 다른 항목은 보지 않습니다.",
    ),
    "limits.correct": (
        "A value that is there counts, whether it is right or not; an observation may be wrong.",
        "값이 있으면 셉니다. 관측값이 맞는지는 판단하지 않습니다.",
    ),
    "limits.never": (
        "A station or plant of which no hour was ever stored does not appear.",
        "한 시간도 저장된 적이 없는 지점·발전소는 나오지 않습니다.",
    ),
    "limits.time": (
        "Hours are Korean time; generation is by the hour's beginning. Times of runs, rejects and changes are UTC. "
        "Rejected rows, changes in sources and runs are those of any time, not only of the period.",
        "시간은 한국 시간이며 발전량은 시간의 시작으로 표시합니다. 실행, 거부, 변화의 시각은 UTC이고 기간과 관계없이 "
        "전체 기록입니다.",
    ),
    "limits.snapshot": (
        "This is what the database held when the page was made; later runs are not in it.",
        "페이지를 만든 때의 데이터베이스 내용이며 이후 실행은 반영되지 않습니다.",
    ),
}
"""Each text in the order of `LANGUAGES`; in braces stands what is put in."""
