# ---
# crmlab:
#   number: "01"
#   name: collect
#   minutes: 100
#   title:
#     zh: 任务一：梳理客户信息
#     en: "Task one: put customer information in order"
#   questions:
#     zh:
#       - 可以收集哪些信息，谁同意了？
#       - 六个渠道的文件怎样变成一个干净的客户库？
#       - 问卷怎样问，怎样计分？
#       - 客户说的和做的一样吗？
#     en:
#       - What may be collected, and who agreed?
#       - How do files from six channels become one clean customer base?
#       - How is a questionnaire asked and scored?
#       - Do customers do what they say?
#   objectives:
#     zh:
#       - 按用途核对同意，并数清被拒的行
#       - 把脏文件读进客户库，每一行都有交代
#       - 把网页事件关联到客户，从不猜测
#       - 给问卷计分，写明人数、方法和区间
#       - 说明问卷的数和订单的数差多少
#     en:
#       - check consent by purpose and count the rows that are refused
#       - read dirty files into the base and account for every row
#       - link web events to customers without guessing
#       - score a questionnaire and state n, method and interval
#       - say how far the questionnaire and the orders are apart
#   key_points:
#     zh:
#       - 没有同意，就没有这一行。
#       - 读入的行等于留下的行加上列出原因的行。
#       - 两个渠道说法不同，就列出来，不覆盖。
#       - 关联不上就写“未关联”，不猜。
#       - 订单数填 0 记 0，跳过留空；反向题先反过来再计分。
#       - 问卷问的是每季度的次数和金额，订单给的是窗口里的总数：单位不同。
#     en:
#       - No consent, no row.
#       - Rows in are rows kept plus rows listed with a reason.
#       - Where two channels disagree, both are listed and nothing is overwritten.
#       - What cannot be linked is called unlinked. Nobody guesses.
#       - Orders answered with 0 are 0, a skipped answer is empty, and reversed items are turned round before scoring.
#       - The questionnaire asks for orders and money per quarter, while orders give totals in a window, so the units differ.
# ---

# %% [markdown] lang="zh"
# ## 先问一个问题
#
# 618 快到了。小满杂货想给客户发问候。店员打开后台，看见姓名、手机、订单、浏览记录、聊天记录。
#
# **哪些可以用？用来做什么？谁说了可以？** 请先写下你的想法，再往下看。

# %% [markdown] lang="en"
# ## A question first
#
# The 618 festival is near. Xiaoman Goods wants to greet its customers. In the back office a clerk sees names, phone numbers, orders, page views and chats.
#
# **What may be used? For what? Who said so?** Write down your thoughts before you read on.

# %% [markdown] lang="zh"
# 参数在这里。`as_of` 留空，就用数据自带的参考日。`tables` 留空，就不写文件。

# %% [markdown] lang="en"
# Here are the parameters. With `as_of` left empty, the reference date of the data is used. With `tables` left empty, no file is written.

# %% tags=["parameters"]
lang = "zh"
data = "teaching"
as_of = ""
window = 365
tables = ""

# %% tags=["setup"]
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from crmlab import check_settings, collect, open_data, show, survey, type_customers, word
from crmlab.handover import write_crm

settings = check_settings(lang=lang, data=data, as_of=as_of, window=window, tables=tables)
shop = open_data(settings)
show.theme()

# %% [markdown] lang="zh"
# ## 1 可以收集什么
#
# 只收集用得到的。店里事先写好一份清单：清单以外的，表单不能问。性别由客户自愿填写，永远不是必填项。
#
# 下面的表单多问了一项。看看程序怎么说。

# %% [markdown] lang="en"
# ## 1 What may be collected
#
# Collect only what is needed. The shop has written a list beforehand, and a form may not ask for anything else. Customers give their sex only if they want to, so it can never be required.
#
# The form below asks for one thing too many. See what the program says.

# %% tags=["nbval-check-output"]
show.tried(lambda: collect.check_form(["name", "phone", "city", "identity_number"]), lang)

# %% [markdown] lang="zh"
# 去掉身份证号，加上选填的性别，表单就可以用了。这些都是个人信息；最后一列是“是”的，永远不会出现在笔记本里。

# %% [markdown] lang="en"
# Without the identity number, and with sex as an optional field, the form may be used. All of these are personal data; those with “yes” in the last column never appear in a notebook.

# %% tags=["nbval-check-output"]
show.table(collect.check_form(["name", "phone", "city", "sex"], required=["phone"]), lang)

# %% [markdown] lang="zh"
# ## 2 谁同意了什么
#
# 同意是按用途给的。同意做调查，不等于同意收广告。账本里一行是一次同意，撤回也记在这一行；没有行，就是没有同意。
#
# 看每一行：三个数加起来，是不是全部客户？

# %% [markdown] lang="en"
# ## 2 Who agreed to what
#
# Consent is given for a purpose. Agreeing to a survey is not agreeing to advertising. A row of the ledger is one consent, with its withdrawal if there was one; no row means no consent.
#
# Look at each row: do the three numbers add up to all customers?

# %% tags=["nbval-check-output"]
consents = shop.table("consents")
show.table(collect.consent_overview(shop.table("customers"), consents, on=shop.as_of), lang)

# %% [markdown] lang="zh"
# 同意由程序来执行，不靠人记得。`shop.orders` 里只有同意做分析的客户；别人的订单行不进来，但数得清楚。

# %% [markdown] lang="en"
# The program enforces consent, and nobody has to remember it. `shop.orders` holds only customers who agreed to analysis; the order lines of others stay out, and they are counted.

# %% tags=["nbval-check-output"]
show.text(shop.order_lines_by_consent.balance(lang))

# %% [markdown] lang="zh"
# 再看一位虚构的客户。她只同意做调查。如果有人拿她的资料去发广告，程序会停下来，说出是谁、什么用途。

# %% [markdown] lang="en"
# Now an invented customer. She agreed to a survey and to nothing else. If somebody takes her data for advertising, the program stops and says who and which purpose.

# %% tags=["nbval-check-output"]
ledger = collect.Ledger(collect.no_consents())
ledger.give("lin", "survey", text_version="v3", method="web_form", on=shop.as_of)
show.tried(lambda: collect.demand_consent(ledger.rows, ledger.rows, purpose="marketing", on=shop.as_of), lang)

# %% [markdown] lang="zh"
# 撤回和同意一样容易：一次调用。从撤回那天起，同意不再有效；之前做过的事仍然有效，历史也不会被改写。

# %% [markdown] lang="en"
# Taking consent back is as easy as giving it: one call. From that day on it no longer holds. What was done before stays valid, and history is not rewritten.

# %%
tomorrow = shop.as_of + timedelta(days=1)
ledger.withdraw("lin", "survey", on=tomorrow)
[word("consent." + ledger.state("lin", "survey", on=day), lang) for day in (shop.as_of, tomorrow)]

# %% [markdown] lang="zh"
# 账号是不是本人的？发一个验证码。它五分钟内有效，只能用一次，最多试五次；店里只存加密摘要，不存账号和验证码。这里只是模拟，什么都没有发出去。

# %% [markdown] lang="en"
# Is the account really hers? A verification code tells. It holds for five minutes, works once, and can be tried five times. The shop keeps only hashes, neither the account nor the code. This is a simulation; nothing is sent.

# %%
codes = collect.VerificationCodes(collect.Key(b"a key for this lesson"), source=Random(618))
nine = datetime(2026, 6, 17, 9, 0)
code = codes.issue("example_lin", at=nine)
checked = [codes.check("example_lin", typed, at=nine + timedelta(minutes=1)) for typed in ("000000", code, code)]
[word("code." + check.reason, lang) for check in checked]

# %% [markdown] lang="zh"
# ## 3 建一个客户库
#
# 一家店的客户信息不在一处。登记表说他是谁，订单说他买了什么，浏览和聊天说他想要什么，问卷说他怎么看自己。
#
# 客户库是一个文件。表与表之间的联系、五种订单状态、数的范围，都由数据库自己把关。读进来的每一行，不是新增、更新、不变，就是列出原因。

# %% [markdown] lang="en"
# ## 3 Build a customer base
#
# What a shop knows of its customers is not in one place. The register says who they are, orders say what they bought, page views and chats what they wanted, and a questionnaire how they see themselves.
#
# The customer base is one file. The database itself guards the keys between tables, the five order states and the ranges of numbers. Every row that comes in is added, changed or unchanged, or else it is listed with a reason.

# %% tags=["nbval-check-output"]
work = TemporaryDirectory()
folder = Path(work.name)
base = collect.CustomerBase.create(folder / "shop.duckdb")
built = base.load(shop.files, on=shop.as_of)
show.text(built.balance(lang))

# %%
show.table(built.files[["file", "rows", "added", "changed", "unchanged", "listed"]], lang, rows=20)

# %% [markdown] lang="zh"
# ## 4 六个渠道的文件来了
#
# 在线表单、订单、会员登记、电话、活动报名、客服：六个渠道一共交来七个文件。表头各写各的，编码有 utf-8 也有 GB18030，订单号写成 `="…"`，金额带“元”。里面还有错。
#
# 先看收支：行数对得上吗？文件里的一行可以进几张表，这里数的是进表的行。

# %% [markdown] lang="en"
# ## 4 Files from six channels arrive
#
# Online form, orders, membership, phone, events, service desk: the six channels hand in seven files. Every file has headings of its own, some are utf-8 and some GB18030, order numbers are written `="…"`, and amounts carry 元. And there are errors in them.
#
# First the books: do the rows add up? One line of a file may feed several tables; what is counted here is rows of tables.

# %% tags=["nbval-check-output"]
web = [file for file in shop.incoming if file.stem == "web_events"]
channels = [file for file in shop.incoming if file not in web]
came = base.load(channels, on=shop.as_of)
show.text(came.balance(lang))

# %%
show.table(came.files.drop(columns="blanked"), lang, rows=20)

# %% [markdown] lang="zh"
# 错在哪里？每个错都写明文件、行号、列和原因。个人信息只留形状：x 代表一个字母，0 代表一个数字，看得出写法，看不出是谁。

# %% [markdown] lang="en"
# Where are the errors? Each names its file, line, column and reason. Of personal data only the shape is shown: x stands for a letter and 0 for a digit, so one sees how it was written and not whose it is.

# %%
show.table(came.listed, lang, rows=12)

# %% [markdown] lang="zh"
# 同一类错放在一起数，就知道该请哪个渠道改什么。

# %% [markdown] lang="en"
# Errors of one kind are counted together, and we know what to ask of which channel.

# %%
show.table(came.reasons(), lang, rows=12)

# %% [markdown] lang="zh"
# 两个渠道说法不同，怎么办？库里的值不动，分歧列出来，由人去问。

# %% [markdown] lang="en"
# What if two channels disagree? The value in the base stays, the disagreement is listed, and a person asks.

# %%
show.table(came.conflicts[["customer_id", "column", "kept_source", "other_source", "kept_value", "other_value"]], lang, rows=8)

# %% [markdown] lang="zh"
# 再读一遍同样的文件会怎样？什么都不变。所以定期重跑是安全的。

# %% [markdown] lang="en"
# And if the same files come once more? Nothing changes, so it is safe to run this again and again.

# %% tags=["nbval-check-output"]
show.text(base.load(channels, on=shop.as_of).balance(lang))

# %% [markdown] lang="zh"
# ## 5 还缺什么
#
# 颜色越深，知道的越多。性别是自愿填写的，空着很正常。少于五位客户的渠道不显示，免得认出某一个人。

# %% [markdown] lang="en"
# ## 5 What is missing
#
# The darker, the more is known. Giving one's sex is optional, so blanks are normal there. A channel with fewer than five customers is not shown, so that nobody can be recognised.

# %%
fields = ("sex", "age_range", "job", "birthday", "phone", "email", "wechat", "city")
show.coverage(collect.coverage(base.read("customers"), fields), lang)

# %% [markdown] lang="zh"
# ## 6 他们做了什么，是谁做的
#
# 网页事件常常没有客户编号。先按编号找，再按手机或邮箱的加密摘要找；找到几个人，就写“有歧义”；找不到，就写“未关联”。从不猜测。没有事件编号的行不能关联，所以事件数会比行数少。

# %% [markdown] lang="en"
# ## 6 What was done, and by whom
#
# Web events often carry no customer id. We look by id first, then by the hash of a phone number or e-mail. If that points to several people, the event is ambiguous; if it points to nobody, it stays unlinked. Nobody guesses. Rows without an event number cannot be linked, so there may be fewer events than rows.

# %% tags=["nbval-check-output"]
loaded = collect.load_events(base, web, on=shop.as_of)
show.text(loaded.linked.balance(lang) + "\n" + loaded.report.balance(lang))

# %%
show.table(loaded.linked.summary, lang, rows=12)

# %% [markdown] lang="zh"
# 从浏览到加购物车再到下单，每一步剩下多少人？这就是漏斗。没有依次走完浏览、加购物车就下单的人（例如打电话买的）另外数。

# %% [markdown] lang="en"
# From viewing to the cart to the order, how many people are left at each step? That is the funnel. People who ordered without first viewing and then adding to the cart, by phone for example, are counted apart.

# %% tags=["nbval-check-output"]
events = collect.with_consent(shop.table("events"), consents, purpose="analysis", on=shop.as_of).kept
show.table(collect.funnel(events, shop.orders, time_zone=shop.columns.get("time_zone")), lang)

# %% [markdown] lang="zh"
# 一位同意画像的客户，放在一页上看。每个数都写着从哪张表、几行来。购买记录数的是全部历史，不只是窗口里的。姓名和电话不在上面。

# %% [markdown] lang="en"
# One customer who agreed to profiling, on one page. Each number says from which table and how many rows it comes. Purchases are counted over all of history, not in a window. Name and phone are not on it.

# %%
profiled = collect.with_consent(shop.table("customers"), consents, purpose="profiling", on=shop.as_of).kept
someone = next(iter(profiled["customer_id"]), "")
show.tried(lambda: collect.portrait(shop, someone, lang), lang)

# %% [markdown] lang="zh"
# ## 7 设计问卷，发出去
#
# 问卷很短。前三题各对应一个指标，最后一题写建议。开头要说清目的、怎样使用答案、怎样退出。
#
# 下面是一张真的表单。在 JupyterLab 里，你可以填一份。

# %% [markdown] lang="en"
# ## 7 Design a questionnaire and send it
#
# The questionnaire is short. Its first three questions stand for one indicator each, and the last one is for suggestions. Its opening says what it is for, how answers are used, and how to opt out.
#
# Below is a real form. In JupyterLab you can fill it in.

# %%
asked = survey.questionnaire("shopping")
asked.form(lang, on=shop.as_of)

# %% [markdown] lang="zh"
# 同一份定义还给出数据字典：单位是什么，能选什么，空着是什么意思。

# %% [markdown] lang="en"
# The same definition gives the data dictionary: which unit, which choices, and what a blank means.

# %%
show.table(asked.dictionary(lang), lang)

# %% [markdown] lang="zh"
# 发问卷也要同意。发件箱里只有同意的人；没有发的，每一位的原因都记在文件里。这里写的是文件，什么都没有真的发出去。

# %% [markdown] lang="en"
# Sending needs consent as well. Only people who agreed are in the outbox, and for everybody else the file gives a reason. It is a file: nothing is really sent.

# %% tags=["nbval-check-output"]
answers = shop.table("survey_answers")
first_day = answers["submitted_at"].min().date() if len(answers) else shop.as_of
people, agreed, closed = (shop.read_personal(name) for name in ("customers", "consents", "suppressions"))
sent = survey.send(
    asked, people, agreed, on=first_day, lang=lang,
    folder=folder / "outbox", key=shop.key or base.key, suppressions=closed,
)
show.text(sent.balance(lang))

# %% [markdown] lang="zh"
# 答卷回来了。发出的等于答了的加上没答的；第二次答的、没有请过的，都列出来。有人答完以后撤回了同意，他的答卷也不再使用。

# %% [markdown] lang="en"
# Answers come back. Sent is answered plus not answered; second answers and uninvited ones are listed. Some people withdrew their consent after they had answered, so their answers are not used any more.

# %% tags=["nbval-check-output"]
returned = survey.response(sent, answers)
allowed = collect.with_consent(returned.kept, consents, purpose="survey", on=shop.as_of)
show.text(returned.balance(lang) + "\n" + allowed.balance(lang))

# %% [markdown] lang="zh"
# 有人跳过了题。哪些题一起跳过？每一行是一种情形，左边是份数。跳过不是 0，也不能当作 0。

# %% [markdown] lang="en"
# Some people skipped questions. Which are skipped together? Each row is one pattern, with its number of answers on the left. Skipped is not 0 and must not be taken for 0.

# %%
show.missing_pattern(allowed.kept[["q1_last", "q2_orders", "q3_spend"]], lang)

# %% [markdown] lang="zh"
# ## 8 把答案换成 R、F、M
#
# 档位要换成数。封闭的档取中点。最高档没有上限，用它和下一档的人数估计：人数掉得越快，估计值越低。

# %% [markdown] lang="en"
# ## 8 From answers to R, F and M
#
# Bands become numbers. A closed band is worth its midpoint. The top band has no upper end, so it is estimated from the counts in it and in the band below: the faster the counts fall, the lower the estimate.

# %% tags=["nbval-check-output"]
show.table(survey.band_table(allowed.kept), lang)

# %% [markdown] lang="zh"
# 现在每份答卷是三个数。R 从答卷人自己交卷的那天算起，再换到共同的参考日。订单数填 0 就是 0，跳过是空格。金额最低的一档也取中点，所以订单数是 0 的人也可能显示一笔金额。

# %% [markdown] lang="en"
# Now each answer is three numbers. R counts from the day on which the respondent answered, and is then moved to the common reference date. Orders answered with 0 are 0, and a skipped question is empty. The lowest band of spending counts with its midpoint too, so somebody with 0 orders may still show an amount.

# %% tags=["nbval-check-output"]
stated = survey.code_answers(allowed.kept, as_of=shop.as_of, currency=shop.currency)
show.table(stated, lang, currency=shop.currency, rows=6)

# %% [markdown] lang="zh"
# 一档是一段，不是一个点。平均值如果正好落在某一档里，选这一档的人是 ↑ 还是 ↓，就说不准。说不准的，我们数出来。

# %% [markdown] lang="en"
# A band is a stretch and no point. Where the mean lies inside a band, those who ticked it may be ↑ or ↓, and nobody can tell. We count them as undecided.

# %% tags=["nbval-check-output"]
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
limits = survey.quarterly(result)
decided = survey.decide(allowed.kept, limits, as_of=shop.as_of, currency=shop.currency)
show.text(decided.sentence(lang))

# %% [markdown] lang="zh"
# ## 9 他们满意吗
#
# 第二份问卷问满意度。先看题目：标着反向的题，分数越高越不满意。

# %% [markdown] lang="en"
# ## 9 Are they satisfied?
#
# The second questionnaire asks about satisfaction. First its questions: where a question is reversed, a high score means a discontented customer.

# %%
form = survey.questionnaire("satisfaction")
show.table(form.dictionary(lang)[["item", "wording", "reverse"]], lang, rows=8)

# %% [markdown] lang="zh"
# 有没有乱答的：一路选同一个数，或者快得来不及读题？我们只做标记，不悄悄删掉。

# %% [markdown] lang="en"
# Did anybody answer carelessly: the same number all the way down, or too fast to have read? We flag such answers and drop none in silence.

# %% tags=["nbval-check-output"]
filled = shop.table("satisfaction_answers")
satisfied = collect.with_consent(filled, consents, purpose="survey", on=shop.as_of).kept
scale = form.items("satisfaction")
items = [question.key for question in scale]
reversed_items = [question.key for question in scale if question.reverse]
show.table(survey.careless(satisfied, items, reversed_items, questions=len(form.questions)).checks, lang)

# %% [markdown] lang="zh"
# 五个小题能合成一个分数吗？先把反向题反过来：在 1 到 5 的量表上，新值 = 6 − 旧值。α 越接近 1，小题越一致；但 α 高不等于只量了一件事。

# %% [markdown] lang="en"
# Can the five items be added up to one score? First the reversed items are turned round: on a scale from 1 to 5 the new value is 6 minus the old one. The nearer alpha is to 1, the more the items agree; a high alpha does not prove that they measure one thing.

# %% tags=["nbval-check-output"]
turned = survey.reverse(satisfied, reversed_items, 1, 5)
show.tried(lambda: show.text(survey.reliability(turned, items).sentence(lang)), lang)

# %% [markdown] lang="zh"
# 忘了反过来会怎样？看警告。

# %% [markdown] lang="en"
# And if one forgets to turn them round? Read the warning.

# %%
show.tried(lambda: show.text(survey.reliability(satisfied, items).sentence(lang)), lang)

# %% [markdown] lang="zh"
# 三个常用的分数。每个都写明方法、人数和区间：只有一个数，就看不出它有多准。
#
# 第一个是满意度 CSAT：5 分里选 4 分或 5 分的人占多少。

# %% [markdown] lang="en"
# Three scores in common use. Each states its method, n and interval, for a number alone does not say how sure it is.
#
# The first is satisfaction, CSAT: of 5 points, the share of people who chose 4 or 5.

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(survey.csat(satisfied["csat"]).sentence(lang)), lang)

# %% [markdown] lang="zh"
# 第二个是净推荐值 NPS：打 9–10 分的百分比，减去打 0–6 分的百分比。它可以是负数。

# %% [markdown] lang="en"
# The second is the net promoter score, NPS: the percentage who chose 9–10 minus the percentage who chose 0–6. It can be negative.

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(survey.nps(satisfied["nps"]).sentence(lang)), lang)

# %% [markdown] lang="zh"
# 第三个是客户费力度 CES：对“办事很容易”打 1–7 分，分数越高越省力。各家算法不同，所以一定要写明方法。

# %% [markdown] lang="en"
# The third is the effort score, CES: agreement with “it was easy” from 1 to 7, so higher is better. Vendors compute it in different ways, so the method must be stated.

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(survey.ces(satisfied["ces"]).sentence(lang)), lang)

# %%
show.tried(lambda: show.scores_with_intervals(survey.scores(satisfied), lang), lang)

# %% [markdown] lang="zh"
# ## 10 说的和做的一样吗
#
# 订单给的是窗口里的总数，问卷给的是每季度的数。先换成同一个单位：一个季度是 91.3125 天。
#
# 然后看每个人：说的是做的几倍？横轴是两者的几何平均，纵轴是倍数；虚线之间大约是 95 % 的人（一致性界限）。

# %% [markdown] lang="en"
# ## 10 Do they do what they say?
#
# Orders give totals in a window, and the questionnaire gives numbers per quarter. First we bring both to one unit: a quarter has 91.3125 days.
#
# Then person by person: what they said, divided by what they did. The horizontal axis is the geometric mean of both, the vertical one the ratio; about 95 % of the people are expected between the broken lines (limits of agreement).

# %%
days_since = [(shop.as_of - time.date()).days for time in allowed.kept["submitted_at"]]
said = stated.assign(marks=survey.stated_marks(stated, limits), days_since=days_since)
agreement = survey.compare(said, survey.logged(result, shop.table("customers")), currency=shop.currency)
show.bland_altman(agreement, lang, currency=shop.currency)

# %% tags=["nbval-check-output"]
show.text(agreement.sentence(lang))

# %% [markdown] lang="zh"
# 为什么不一样？一是记忆会出错。二是档位：选同一档的人都按同一个数算，所以图上的点排成一条条斜线。只看这张图，分不开这两种原因。
#
# 标记也会跟着变。这里每一档只用一个值，所以上面“未定”的答卷也算在内。下图每一格是客户数：行是按答卷定的标记，列是按订单定的标记。对角线上的才一致。

# %% [markdown] lang="en"
# Why do they differ? One reason is that memory errs. Another is the bands: everybody who ticked a band counts with the same number, which is why the points form slanting stripes. This picture alone cannot tell the two apart.
#
# The marks change with it. Here each band counts with one value, so answers left undecided above are included. Each cell of the picture counts customers: the rows are the marks by their answers, the columns those by their orders. Only the diagonal agrees.

# %%
title = word("agreement.confusion", lang)
show.heat(agreement.confusion, lang, title=title, rows="stated_marks", columns="logged_marks")

# %% [markdown] lang="zh"
# 所以结果要写清楚：是说的还是做的，除以了多长的时间。一个人登记才三个月，就只除以三个月。

# %% [markdown] lang="en"
# So a result must state whether it is what people say or what they do, and by what length of time it was divided. For somebody who registered three months ago, that is three months.

# %% [markdown] lang="zh"
# ## 11 交给 CRM，忘掉一个人
#
# 客户管理系统要的是一份导入文件。只有同意营销的客户进去；以 `=` 开头的内容前面加一撇，免得被表格软件当成公式。

# %% [markdown] lang="en"
# ## 11 Hand over to a CRM, and forget a person
#
# A CRM wants an import file. Only customers who agreed to marketing are in it, and a text that begins with `=` gets an apostrophe before it, so that no spreadsheet takes it for a formula.

# %% tags=["nbval-check-output"]
written = write_crm(shop, "zoho_contacts", folder / "zoho.csv", purpose="marketing")
show.text(written.balance(lang))

# %% [markdown] lang="zh"
# 有人要求删除自己的资料。一次调用，从每张表、从发件箱里删掉；留下的只有一块看不出是谁的“墓碑”，让旧文件再读进来时也回不来。

# %% [markdown] lang="en"
# Somebody asks to be deleted. One call removes the person from every table and from the outbox. What stays is a tombstone that does not show who it was, and it keeps old files from bringing the person back.

# %%
gone = next(iter(base.read("customers")["customer_id"]), "")
outbox = folder / "outbox"
show.tried(
    lambda: show.table(
        collect.delete_person(base, gone, on=shop.as_of, reason="request", outbox=outbox), lang, rows=20
    ),
    lang,
)

# %% [markdown] lang="zh"
# 把旧文件再读一遍。属于这个人的行都被列出来，一行也回不来。旧文件里状态比库里旧的订单也会列出来，所以列出的行可能比上表删掉的多。

# %% [markdown] lang="en"
# Read the old files once more. The rows of this person are listed, and none of them comes back. Orders whose state in the old file is behind the base are listed as well, so more rows may be listed than were deleted above.

# %% tags=["nbval-check-output"]
show.text(base.load(shop.files, on=shop.as_of).balance(lang))

# %% [markdown] lang="zh"
# 把表存成文件，表格软件可以直接打开。参数 `tables` 留空就不写。

# %% [markdown] lang="en"
# We keep the tables as files that a spreadsheet opens. With the parameter `tables` left empty nothing is written.

# %%
base.close()
work.cleanup()
show.save(stated, settings.tables, "stated.csv", lang, currency=shop.currency)

# %% [markdown] lang="zh"
# ## 小结和作业
#
# 我们知道了有哪些信息、谁同意了、还缺什么，也知道了说的和做的差多少。下一课用订单把客户分成类型。
#
# **作业**：为小满杂货写一段问卷开头。要有称呼、目的、怎样使用答案、怎样退出，再加一句感谢。写完和 `asked.text(lang)` 比一比：你的哪一句更好？

# %% [markdown] lang="en"
# ## Summary and homework
#
# We know which information there is, who agreed, what is missing, and how far words and deeds are apart. The next lesson puts the customers into types by their orders.
#
# **Homework**: write an opening for the questionnaire of Xiaoman Goods. It needs a form of address, the purpose, how the answers are used, how to opt out, and a word of thanks. Then compare it with `asked.text(lang)`: which of your sentences is better?

# %% exercise="setup"
import pandas as pd

from crmlab.course.practice import practice

answer, check = practice("01_collect", shop, settings)
answers = shop.table("survey_answers")
filled, consents = shop.table("satisfaction_answers"), shop.table("consents")
satisfied = collect.with_consent(filled, consents, purpose="survey", on=shop.as_of).kept
allowed = collect.with_consent(answers, consents, purpose="survey", on=shop.as_of).kept

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 618 前，小慧想知道哪些客户最有价值。她可以根据哪些指标展开分析？写出三个，用自己的话，中英文都可以。

# %% [markdown] lang="en" question="q1"
# ## q1
#
# Before the 618 festival, Xiaohui wants to know which customers are most valuable. Which measures should she look at? Name three in your own words, in Chinese or English.

# %% solution="q1"
answer("q1", ["最近一次购买", "购买次数", "消费金额"])

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 要把答卷用于画像（用途 `"profiling"`），有多少份答卷因为没有同意而不能用？

# %% [markdown] lang="en" question="q2"
# ## q2
#
# To use the answers for profiling (purpose `"profiling"`), how many of them cannot be used for want of consent?

# %% solution="q2"
kept_for_profiling = collect.with_consent(answers, shop.table("consents"), purpose="profiling", on=shop.as_of)
answer("q2", len(kept_for_profiling.refused))

# %% [markdown] lang="zh" question="q3"
# ## q3
#
# 在所有答卷 `answers` 的 `q3_spend` 里，最高档从 2000 元起，下一档从 1000 元起。数一数两档各有多少份答卷，再用 `survey.top_band` 估计最高档取多少元，保留 2 位小数。

# %% [markdown] lang="en" question="q3"
# ## q3
#
# In `q3_spend` of all `answers`, the top band begins at 2000 yuan and the one below at 1000. Count the answers in both, then estimate with `survey.top_band` how many yuan the top band is worth, to 2 decimals.

# %% solution="q3"
count = answers["q3_spend"].value_counts()
answer("q3", round(survey.top_band(1000, 2000, int(count["1000-2000"]), int(count["2000+"])), 2))

# %% [markdown] lang="zh" question="q4"
# ## q4
#
# 在所有答卷 `answers` 里，有多少份跳过了 `q2_orders`？

# %% [markdown] lang="en" question="q4"
# ## q4
#
# Among all answers in `answers`, how many skip `q2_orders`?

# %% solution="q4"
answer("q4", int(answers["q2_orders"].isna().sum()))

# %% [markdown] lang="zh" question="q5"
# ## q5
#
# 一位客户在 `window` 天里有 5 笔订单。每季度（91.3125 天）是几笔？保留 2 位小数。

# %% [markdown] lang="en" question="q5"
# ## q5
#
# A customer has 5 orders in `window` days. How many is that per quarter (91.3125 days)? Round to 2 decimals.

# %% solution="q5"
answer("q5", round(5 * 91.3125 / window, 2))

# %% [markdown] lang="zh" question="q6"
# ## q6
#
# 用 `satisfied` 算净推荐值（NPS），保留 1 位小数。

# %% [markdown] lang="en" question="q6"
# ## q6
#
# Compute the net promoter score (NPS) of `satisfied`, to 1 decimal.

# %% solution="q6"
answer("q6", round(survey.nps(satisfied["nps"]).estimate, 1))

# %% [markdown] lang="zh" question="q7"
# ## q7
#
# 五个小题的 α 是多少？先反转反向题，只用五题全答的答卷，保留 3 位小数。

# %% [markdown] lang="en" question="q7"
# ## q7
#
# What is alpha of the five items? Turn the reversed ones round first, use complete answers only, and round to 3 decimals.

# %% solution="q7"
five = ["s1_goods", "s2_delivery", "s3_slow", "s4_price", "s5_trouble"]
straight = survey.reverse(satisfied, ["s3_slow", "s5_trouble"], 1, 5)
answer("q7", round(survey.reliability(straight, five).alpha, 3))

# %% [markdown] lang="zh" question="q8"
# ## q8
#
# 用电话核对过号码（`collect.phone_confirmations`）的客户有几位？通话记录是 `shop.table("calls")`。

# %% [markdown] lang="en" question="q8"
# ## q8
#
# How many customers had their number confirmed by a call (`collect.phone_confirmations`)? The log of calls is `shop.table("calls")`.

# %% solution="q8"
answer("q8", len(collect.phone_confirmations(shop.table("calls"))))

# %% [markdown] lang="zh" question="q9"
# ## q9
#
# 给 `allowed` 里的 `q3_spend` 写编码表。只写四个有上限的档，一张表，三列：`band` 是档，`midpoint` 是组中值（元），`count` 是答卷数。

# %% [markdown] lang="en" question="q9"
# ## q9
#
# Write the codebook of `q3_spend` in `allowed`. Only the four bands that have an upper end, as a table with three columns: `band`, `midpoint` (in yuan) and `count` (of answers).

# %% solution="q9"
closed = ["0-200", "200-500", "500-1000", "1000-2000"]
answer("q9", pd.DataFrame({
    "band": closed,
    "midpoint": [100, 350, 750, 1500],
    "count": [int((allowed["q3_spend"] == band).sum()) for band in closed],
}))

# %% [markdown] lang="zh" question="q10"
# ## q10
#
# 说的和做的对账：用 `survey.code_answers` 给 `allowed` 编码，用 `survey.logged` 取窗口里的订单。两边都有数的客户里，有多少位说的每季度订单数比记录的多？

# %% [markdown] lang="en" question="q10"
# ## q10
#
# Reconcile words with deeds: code `allowed` with `survey.code_answers`, and take the orders of the window with `survey.logged`. Among the customers with a number on both sides, how many stated more orders per quarter than were logged?

# %% solution="q10"
typed = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
said = survey.code_answers(allowed, as_of=shop.as_of, currency=shop.currency)
done = survey.logged(typed, shop.table("customers"))
both = said.merge(done, on="customer_id", suffixes=("_said", "_done"))
both = both[["orders_per_quarter_said", "orders_per_quarter_done"]].astype("Float64").dropna()
answer("q10", int((both.iloc[:, 0] > both.iloc[:, 1]).sum()))

# %% [markdown] lang="zh" question="q11"
# ## q11
#
# 给小满杂货的问卷写一段开头：称呼、目的、怎样使用答案、怎样退出，最后感谢。写成文字，由老师来读。

# %% [markdown] lang="en" question="q11"
# ## q11
#
# Write an opening for the questionnaire of Xiaoman Goods: a form of address, the purpose, how the answers are used, how to opt out, and thanks. Write it as text; your instructor reads it.

# %% solution="q11"
answer("q11", word("sample.essay_01", lang))
