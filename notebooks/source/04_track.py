# ---
# crmlab:
#   number: "04"
#   name: track
#   minutes: 120
#   title:
#     zh: 任务四：实施与跟踪
#     en: "Task four: implement and track"
#   questions:
#     zh:
#       - 发了优惠券，多买的那些人是优惠券带来的吗？
#       - 要多少客户才看得清一个效果？
#       - 再做一次、改一改，还是停？
#     en:
#       - After a coupon went out, did the coupon bring those who bought?
#       - How many customers does it take to see an effect?
#       - Repeat, change, or stop?
#   objectives:
#     zh:
#       - 在发送之前写下活动，抽签留出一部分客户
#       - 用区间说出活动多带来了什么、花了多少钱，并决定下一步
#       - 认出三种常见的错误比较，和“数据不够”
#     en:
#       - write a campaign down before it is sent, and hold some customers out by a draw
#       - say with an interval what the campaign added and what it cost, and decide what to do next
#       - recognise three common wrong comparisons, and "not enough data"
#   key_points:
#     zh:
#       - 没有留出组，就不知道不做会怎样。
#       - 先抽签，后发送；写下来，不再改。
#       - 区间里同时有“没效果”和“值得做”，就是数据不够。
#       - 看得越多、分得越细，越容易把运气当成效果。
#     en:
#       - Without a hold-out nobody knows what would have happened anyway.
#       - Draw first, send later; write it down and do not change it.
#       - When the interval holds both no effect and a worthwhile one, there is not enough data.
#       - The more one looks, and the finer one divides, the more luck looks like an effect.
# ---

# %% [markdown] lang="zh"
# ## 先问一个问题
#
# 618 之后，店里给客户发了优惠券。一个月里，每一百位收到的人有二十位下了单。
#
# **优惠券有用吗？** 先写下你的答案，再往下看：缺了哪个数字？

# %% [markdown] lang="en"
# ## A question first
#
# After the 618 festival the shop sent a coupon. Within a month, twenty of every hundred who got it placed an order.
#
# **Did the coupon help?** Write your answer down before you read on: which number is missing?

# %% [markdown] lang="zh"
# 缺的是：**没有收到的人，有多少下了单？** 这一课就是为了这个数字。
#
# 参数和准备。

# %% [markdown] lang="en"
# What is missing: **of those who did not get it, how many ordered?** This lesson is about that number.
#
# Parameters and preparation.

# %% tags=["parameters"]
lang = "zh"
data = "teaching"
as_of = ""
window = 365
seed = 618
tables = ""

# %% tags=["setup"]
from dataclasses import replace
from datetime import timedelta

from crmlab import check_settings, open_data, show, type_customers
from crmlab.collect import with_consent
from crmlab.rfm import retype
from crmlab.track import Campaign, loyalty_figures, needed, sample_sizes

settings = check_settings(lang=lang, data=data, as_of=as_of, window=window, seed=seed, tables=tables)
shop = open_data(settings)
show.theme()

# %% [markdown] lang="zh"
# ## 目标先说好
#
# 店里有三个目标：老客户更忠诚，来更多新客户，卖更多钱。每个都有一个数。活动做完，要看的就是它们动没动。

# %% [markdown] lang="en"
# ## The goals first
#
# The shop has three goals: more loyal customers, more new ones, more money. Each is one number. After a campaign these are what should have moved.

# %% tags=["nbval-check-output"]
from crmlab.metrics import metric_sheet

result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
show.table(metric_sheet(loyalty_figures(result), lang, currency=shop.currency), lang)

# %% [markdown] lang="zh"
# ## 1. 什么都不做，会怎样
#
# 先做一次假的活动：最近 30 天，什么也没发。我们照样抽签，把客户分成“发送”和“留出”两组，再比他们的订单。
#
# 两组该是一样的。**真的完全一样吗？**

# %% [markdown] lang="en"
# ## 1. What happens when nothing is done
#
# First a campaign that is none: in the last 30 days nothing was sent. We draw all the same, put the customers into two arms, treated and held out, and compare their orders.
#
# The two should be alike. **Are they exactly alike?**

# %% tags=["nbval-check-output"]
a_month_ago = retype(result, as_of=shop.as_of - timedelta(days=30))
nothing = Campaign(
    "nothing", group=a_month_ago.customers, message="none", starts_on=shop.as_of - timedelta(days=29), holdout=0.5,
)
no_effect = nothing.verdict(shop.orders, currency=shop.currency, **shop.columns)
show.text(no_effect.describe(lang))

# %% [markdown] lang="zh"
# 两组差了一点，那是运气。**区间**告诉我们运气能有多大。它包含 0，就是看不出差别：什么也没发，一百次里约有九十五次该是这样。
#
# 这次假活动还给了我们一个有用的数：不做活动，30 天里有多少客户会买。

# %% [markdown] lang="en"
# The arms differ a little, and that is luck. The **interval** tells how large luck can be. When it holds 0, no difference is shown: as nothing was sent, that is how it should be about ninety-five times in a hundred.
#
# This campaign that is none also gave us a useful number: how many customers buy within 30 days without any campaign.

# %% [markdown] lang="zh"
# ## 2. 需要多少客户
#
# 差别越小，越难看清。下面是：要看清多 2、5、10、20 个百分点，各需要多少客户（留出一半，八成把握）。

# %% [markdown] lang="en"
# ## 2. How many customers it takes
#
# The smaller a difference, the harder it is to see. Below: how many customers it takes to see 2, 5, 10 and 20 points more (half held out, four chances in five).

# %% tags=["nbval-check-output"]
base = no_effect.share.held_out
show.table(sample_sizes(base, [0.02, 0.05, 0.10, 0.20], holdout=0.5), lang)

# %% [markdown] lang="zh"
# ## 3. 先写下来，再发送
#
# 活动记录写明：给谁、发什么、什么时候、谁留出、多大的效果才值得做。
#
# 优惠券是营销消息，所以先核对同意，再抽签。抽签按类型分层，用客户编号和种子算出来：换个顺序、再跑一遍，结果都一样，谁也不能挑。

# %% [markdown] lang="en"
# ## 3. Written down before it is sent
#
# The record of a campaign says: for whom, which message, when, who is held out, and which effect would be worth having.
#
# A coupon is a marketing message, so consent is checked first and the draw comes after. The draw is stratified by type and computed from customer and seed: in another order, or run again, it is the same, and nobody can pick.

# %% tags=["nbval-check-output"]
group = result.customers
if shop.has("consents"):
    group = with_consent(group, shop.table("consents"), purpose="marketing", on=shop.as_of).kept
campaign = Campaign(
    "coupon_all", group=group, message="coupon_618", starts_on=shop.as_of + timedelta(days=1), days=30,
    holdout=0.5, by="type", seed=seed, worthwhile=0.05, drawn_on=shop.as_of,
)
if settings.tables:
    campaign.save(f"{settings.tables}/coupon_all.json")
show.text(campaign.describe(lang))

# %% [markdown] lang="zh"
# 每一层里，两组一样多：

# %% [markdown] lang="en"
# In each stratum both arms are as large:

# %% tags=["nbval-check-output"]
show.table(campaign.strata, lang)

# %% [markdown] lang="zh"
# **这个活动够大吗？** 看虚线和曲线在哪里相交：左边的效果它看不清。

# %% [markdown] lang="en"
# **Is this campaign large enough?** See where the dotted line meets the curve: effects to the left of that it cannot show.

# %%
show.sample_size_curve(campaign, base, lang)

# %% [markdown] lang="zh"
# ## 4. 三十天之后
#
# 未来还没有发生，所以这里**模拟**一个，并且知道真相：优惠券对 R↑F↑M↑（类型 4）多带来 35 个百分点，对 R↑F↑M↓（类型 5）多带来 15 个，对其他人没有用。

# %% [markdown] lang="en"
# ## 4. Thirty days later
#
# The future has not happened, so here we **simulate** one, and we know the truth: the coupon adds 35 points in R↑F↑M↑ (type 4), 15 in R↑F↑M↓ (type 5), and nothing for all others.

# %% tags=["nbval-check-output"]
from crmlab.world.aftermath import aftermath

truth = {kind: lift for kind, lift in {4: 0.35, 5: 0.15}.items() if kind in set(group["type"])}
after = aftermath(shop, result, campaign, effect=truth, coupon=500, seed=seed)
show.text(after.describe(lang))

# %% [markdown] lang="zh"
# 现在假装不知道真相，只看订单。

# %% [markdown] lang="en"
# Now pretend not to know the truth, and look at the orders only.

# %% tags=["nbval-check-output"]
verdict = campaign.verdict(after, cost_per_contact=5)
show.text(verdict.describe(lang))

# %% [markdown] lang="zh"
# 教学数据里，平均的效果只有几个百分点，客户又不够多，所以区间很宽：**数据不够**。这不是“没有效果”，也不是“有效果”。诚实的结论就是还不知道。别的数据可能是别的结论：请读最后一行。
#
# 下面按类型看。菱形是植入的真相，平时没有人知道它。

# %% [markdown] lang="en"
# With the teaching data the average effect is only a few points and the customers are too few, so the interval is wide: **not enough data**. That is neither "no effect" nor "an effect". The honest conclusion is that we do not know yet. Other data may end otherwise: read the last line.
#
# Below by type. The diamonds are the planted truth, which nobody knows in real life.

# %%
show.campaign_effects(verdict, lang, planted=after.planted)

# %% [markdown] lang="zh"
# 层分得越细，每层的人越少，区间越宽。看七层，其中一层碰巧离开 0 的机会有三成。所以表里的 p 值按 Holm 法校正过。

# %% [markdown] lang="en"
# The finer the strata, the fewer customers in each and the wider the interval. Among seven strata the chance that one is away from 0 by luck is three in ten. So the p-values in the table are corrected after Holm.

# %% tags=["nbval-check-output"]
show.table(verdict.table, lang, rows=9)

# %% [markdown] lang="zh"
# 钱也要算：每一组人均净消费、联系费用、每位购买者的费用。多出来的购买者不能肯定时，“每位多出来的购买者的费用”留空。

# %% [markdown] lang="en"
# Money counts too: net money per customer in each arm, the cost of contacts, the cost per buyer. While extra buyers are not certain, the cost per extra buyer stays blank.

# %%
show.table(verdict.costs, lang, currency=shop.currency, rows=9)

# %% [markdown] lang="zh"
# ## 5. 第二轮：改一改，再检验
#
# 优惠券本来就是为了叫回从前常来的人：类型 4 和 5。第二轮只发给他们，重新抽签，再等 30 天。
#
# 注意：这个想法在看结果之前就有。如果是先看哪一层最好、再说“本来就是为了它”，那就是挑运气。

# %% [markdown] lang="en"
# ## 5. The second round: change it, test it again
#
# The coupon was meant to call back those who used to come often: types 4 and 5. The second round is for them only, with a new draw and 30 more days.
#
# Note: that idea was there before the results. To look for the best stratum first and say "that was the aim" afterwards is picking luck.

# %% tags=["nbval-check-output"]
recall = replace(
    campaign, name="recall_july", group=group[group["type"].isin([4, 5])],
    starts_on=campaign.ends_on + timedelta(days=1), drawn_on=campaign.ends_on,
)
after_recall = aftermath(shop, result, recall, effect=truth, coupon=500, seed=seed + 1000)
second = recall.verdict(after_recall, cost_per_contact=5, others=(campaign,))
show.text(second.describe(lang))

# %%
show.campaign_arms(second, lang)

# %% [markdown] lang="zh"
# 两轮都记在一张表里：给谁、多少人、效果、费用、决定。实施、跟踪、调整，就是让这张表一行一行长下去。

# %% [markdown] lang="en"
# Both rounds stand in one table: how many, the effect, the cost, the decision. To implement, to track and to adjust is to let this table grow row by row.

# %% tags=["nbval-check-output"]
from crmlab.track import campaign_record

show.table(campaign_record(verdict, second), lang, currency=shop.currency)

# %% [markdown] lang="zh"
# ## 6. 三个陷阱
#
# **陷阱一：不留出。** 给最近来过的好客户（类型 1、2、3）发一条没有用的感谢消息，植入的效果是 0。再用三种办法比较：

# %% [markdown] lang="en"
# ## 6. Three traps
#
# **Trap one: no hold-out.** Send a useless thank-you to good customers who came lately (types 1, 2, 3); the planted effect is 0. Then compare in three ways:

# %% tags=["nbval-check-output"]
from crmlab.track import shortcuts

best = replace(campaign, name="thanks", group=group[group["type"].isin([1, 2, 3])])
useless = aftermath(shop, result, best, effect=0.0, seed=seed)
show.table(shortcuts(best.verdict(useless), result, useless), lang)

# %% [markdown] lang="zh"
# 和没选中的人比，没用的消息会显得很有用，因为选中的本来就是常来的人。和自己之前比，又会显得赶走了客户，因为他们正是因为刚来过才被选中的。**只有抽签留出的那一组，比的是同样的人。**
#
# **陷阱二：天天看。** 下面的活动都没有效果。只在结束时看一次，二十次里错一次；边做边看、看到好的就停，错得多得多。

# %% [markdown] lang="en"
# Beside those not chosen, a useless message may well seem to work, because the chosen come often anyway. Beside their own past it may seem to drive customers away, because they were chosen for having just been there. **Only those held out by a draw are the same kind of people.**
#
# **Trap two: looking every day.** None of the campaigns below has any effect. One look at the end is wrong in one of twenty; looking all along, and stopping at a good moment, is wrong far more often.

# %%
from crmlab.track import false_alarms

show.peeking_curve(false_alarms(base, treated=300, held_out=300, looks=10, seed=seed), lang)

# %% [markdown] lang="zh"
# 所以没到期的活动，`verdict` 不给结论：

# %% [markdown] lang="en"
# So `verdict` gives none before the campaign is over:

# %%
show.tried(lambda: campaign.verdict(after, as_of=campaign.starts_on + timedelta(days=9)), lang)

# %% [markdown] lang="zh"
# **陷阱三：看过结果再抽签。** 记录里写了抽签日；晚于结果的第一天，就不收：

# %% [markdown] lang="en"
# **Trap three: drawing after the results.** The record holds the day of the draw; later than the first day of results it is refused:

# %%
show.tried(lambda: replace(campaign, drawn_on=campaign.starts_on + timedelta(days=5)), lang)

# %% [markdown] lang="zh"
# ## 7. 真实的活动
#
# 数据包 completejourney 里有一家美国超市的 27 次真实活动：谁收到了优惠券，用了多少张（运行时写 `data=journey`）。没有一次抽过签。
#
# 第 18 次活动里，收到的家庭比没收到的每户多花三百多美元。**是优惠券的功劳吗？** 看看他们在活动之前就差多少。

# %% [markdown] lang="en"
# ## 7. Real campaigns
#
# The package completejourney holds 27 real campaigns of an American grocer: who got the coupons, and how many were used (run with `data=journey`). Nobody drew lots in any of them.
#
# In campaign 18 the households that got coupons spent over three hundred dollars more each than those that did not. **Thanks to the coupons?** See how far apart they were before.

# %%
from crmlab.track import observe_campaign

seen = show.tried(lambda: observe_campaign(shop, "18"), lang)
seen if isinstance(seen, show.Text) else show.text(seen.describe(lang))

# %%
seen if isinstance(seen, show.Text) else show.campaign_balance(seen, lang)

# %% [markdown] lang="zh"
# 收到优惠券的家庭，本来就来得更勤、花得更多：商家挑的就是他们。双重差分减掉了之前的差别，但拿到活动之前的两段去检查，它自己就不是 0。所以这里没有一个数字能叫“效果”。

# %% [markdown] lang="en"
# The households with coupons came more often and spent more before: the shop chose them for that. Difference in differences takes the earlier gap off, but tried on two periods before the campaign it is not 0 by itself. So no figure here may be called an effect.

# %% [markdown] lang="zh"
# ## 8. 平时的跟踪
#
# **购买流程**：从看到买，每一步流失多少人？哪一步最值得简化？最后一列是算术：如果挽回十分之一，会多几位下单。真的改了，还要用留出组检验。

# %% [markdown] lang="en"
# ## 8. Everyday tracking
#
# **The way to an order**: how many are lost at each step, and which is most worth simplifying? The last column is arithmetic: how many more would order if one in ten stayed. After a real change, test it with a hold-out.

# %% tags=["nbval-check-output"]
from crmlab.collect import funnel
from crmlab.track import step_losses

steps = funnel(shop.table("events"), shop.orders, time_zone=shop.columns.get("time_zone"))
show.tried(lambda: show.table(step_losses(steps, saved=0.1), lang), lang)

# %% [markdown] lang="zh"
# **回复时间**：客户问了以后，多久有人回？按价值层级看，中位数和最慢的那十分之一。低价值的客户是不是等得更久？

# %% [markdown] lang="en"
# **Response times**: after a question, how long until somebody answers? By value tier, the median and the slowest tenth. Do customers of low value wait longer?

# %% tags=["nbval-check-output"]
from crmlab.care import response_times
from crmlab.grouping import value_tiers

records = shop.table("service_records")
if shop.has("consents"):
    records = with_consent(records, shop.table("consents"), purpose="analysis", on=shop.as_of).kept
tiers = value_tiers(result).rename(columns={result.customer_column: "customer_id"})
show.tried(lambda: show.table(response_times(records, tiers), lang), lang)

# %% [markdown] lang="zh"
# **服务标准**：每类事项多久要有第一次回复、多久要办完，都写成数据。到参考日晚上为止，守住了几成？没办完、时限又过了的，也算没守住。

# %% [markdown] lang="en"
# **Service standards**: within what time each kind of matter gets a first reply, and is settled, is data. By the evening of the reference date, how many kept the standard? A matter that is still open when its time is up has broken it.

# %% tags=["nbval-check-output"]
from datetime import datetime, time

from crmlab.care import check_standards, rank_agents

evening = datetime.combine(shop.as_of, time(23, 59))
show.tried(lambda: show.table(check_standards(records, at=evening).shares("kind"), lang, rows=12), lang)

# %% [markdown] lang="zh"
# **公平地比**：谁解决得好？有人专接投诉，事情本来就难，所以先按事项的种类调整。记录太少的不排名；区间分不开的，就不说谁高谁低。

# %% [markdown] lang="en"
# **A fair comparison**: who settles matters well? Some get mostly complaints, which are harder, so the kinds of matters are adjusted for first. With too few records nobody is ranked, and where intervals do not part two people, neither is called better.

# %%
show.tried(lambda: show.staff(rank_agents(records, at=evening), lang), lang)

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(rank_agents(records, at=evening).describe(lang)), lang)

# %% [markdown] lang="zh"
# **满意度**：以参考日前 5 天为界，之前和之后。前后两批人不同，所以这不是试验。

# %% [markdown] lang="en"
# **Satisfaction**: before and after the day 5 days ahead of the reference date. Different people answered, so this is no experiment.

# %% tags=["nbval-check-output"]
from crmlab.track import csat_change

answers = shop.table("satisfaction_answers")
if shop.has("consents"):
    answers = with_consent(answers, shop.table("consents"), purpose="survey", on=shop.as_of).kept
show.tried(lambda: show.text(csat_change(answers, shop.as_of - timedelta(days=5)).describe(lang)), lang)

# %% [markdown] lang="zh"
# **定期重跑**：每个月拿新文件再跑一遍，看谁是新来的，谁换了类型，谁离开了。

# %% [markdown] lang="en"
# **Periodic re-run**: each month the same run on new files shows who is new, who has another type, and who has left.

# %% tags=["nbval-check-output"]
from crmlab.track import changes

moved = changes(a_month_ago, result)
show.text(moved.describe(lang))

# %%
show.table(moved.table, lang)

# %% [markdown] lang="zh"
# ## 小结和作业
#
# 一个活动有：一组客户、一条消息、一组留出的人、一段日子、一个结论。结论带区间，也可以是“数据不够”。
#
# **作业**：为上一课计划里的一项服务写一份活动记录：给谁，发什么，留出多少，多大的效果才值得做，需要多少客户。写完再想：如果结果是“数据不够”，你怎么办？

# %% [markdown] lang="en"
# ## Summary and homework
#
# A campaign has a group, a message, people held out, a span of days, and a verdict. The verdict has an interval, and it may be "not enough data".
#
# **Homework**: write the record of a campaign for one service of your plan: for whom, which message, how many held out, which effect would be worth having, how many customers that takes. Then think: what will you do if the verdict is "not enough data"?

# %% exercise="setup"
from datetime import timedelta

from crmlab.course.practice import practice
from crmlab.rfm import retype
from crmlab.track import Campaign, changes, needed

answer, check = practice("04_track", shop, settings)
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 不做活动时，每一百位客户有 12 位会买。要看清多 3 个百分点，留出四分之一，一共需要多少位客户？（用 `needed`）

# %% [markdown] lang="en" question="q1"
# ## q1
#
# Without a campaign 12 of a hundred customers buy. How many customers does it take in all to see 3 points more, with a quarter held out? (Use `needed`.)

# %% solution="q1"
answer("q1", needed(0.12, 0.03, holdout=0.25)["customers"])

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 为窗口里买过的全部客户写一份活动记录：名字 `"q2"`，参考日的第二天开始，60 天，按类型分层，留出 15%，其余不写。类型 6 里留出多少位？

# %% [markdown] lang="en" question="q2"
# ## q2
#
# Write the record of a campaign for all customers with a purchase in the window: name `"q2"`, from the day after the reference date, 60 days, stratified by type, 15% held out, all else as it is. How many of type 6 are held out?

# %% solution="q2"
mine = Campaign(
    "q2", group=result.customers, message="m", starts_on=shop.as_of + timedelta(days=1), days=60, holdout=0.15,
)
answer("q2", int((mine.held_out["type"] == 6).sum()))

# %% [markdown] lang="zh" question="q3"
# ## q3
#
# 最近 60 天什么也没发。为 60 天前的客户（`retype`，参考日往前 60 天）抽一次签：名字 `"q3"`，`message="none"`，60 天，留出一半。两组里买了的人相差多少个百分点？保留一位小数。

# %% [markdown] lang="en" question="q3"
# ## q3
#
# Nothing was sent in the last 60 days. Draw for the customers of 60 days ago (`retype`, with the reference date 60 days earlier): name `"q3"`, `message="none"`, 60 days, half held out. By how many points do the arms differ in the share who bought? One decimal.

# %% solution="q3"
earlier = retype(result, as_of=shop.as_of - timedelta(days=60))
blank = Campaign(
    "q3", group=earlier.customers, message="none", starts_on=shop.as_of - timedelta(days=59), days=60, holdout=0.5,
)
share = blank.verdict(shop.orders, currency=shop.currency, **shop.columns).share
answer("q3", round(100 * share.estimate, 1))

# %% [markdown] lang="zh" question="q4"
# ## q4
#
# 和 60 天前比，有多少位客户换了类型（新来的和离开的不算）？

# %% [markdown] lang="en" question="q4"
# ## q4
#
# Beside 60 days ago, how many customers have another type (those who are new or have left not counted)?

# %% solution="q4"
difference = changes(retype(result, as_of=shop.as_of - timedelta(days=60)), result).table
answer("q4", int(difference.set_index("customer_change")["customers"]["moved"]))
