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
# 参数和准备。想把活动记录留下来，就在 `tables` 里写一个文件夹，例如 `"out/track"`；空着就不写文件。

# %% [markdown] lang="en"
# What is missing: **of those who did not get it, how many ordered?** This lesson is about that number.
#
# Parameters and preparation. To keep the record of the campaign, name a folder in `tables`, such as `"out/track"`; left empty, no file is written.

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
from functools import cache

from crmlab import check_settings, open_data, show, type_customers
from crmlab.collect import with_consent
from crmlab.rfm import retype
from crmlab.track import Campaign, loyalty_figures, sample_sizes
from crmlab.words import word

settings = check_settings(lang=lang, data=data, as_of=as_of, window=window, seed=seed, tables=tables)
shop = open_data(settings)
show.theme()

# %% [markdown] lang="zh"
# ## 目标先说好
#
# 店里有三个目标：老客户更忠诚，来更多新客户，卖更多钱。每个都有一个数。
#
# 这些数慢慢才会动，别的事也会推动它们。所以每次活动另看一个近的数：期间有多少人买了。

# %% [markdown] lang="en"
# ## The goals first
#
# The shop has three goals: more loyal customers, more new ones, more money. Each is one number.
#
# These move slowly, and other things move them as well. So each campaign is judged by a nearer number: how many bought in its days.

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
    "nothing", group=a_month_ago.customers, message="none",
    starts_on=shop.as_of - timedelta(days=29), holdout=0.5,
)
no_effect = nothing.verdict(shop.orders, currency=shop.currency, **shop.columns)
show.text(no_effect.describe(lang))

# %% [markdown] lang="zh"
# 两组差了一点，那是运气。**区间**告诉我们运气能有多大。它包含 0，就是看不出差别：什么也没发，一百次里约有九十五次该是这样。
#
# 第一行写着“停”，可是什么也没发，有什么可停？教学数据里，区间的上端到不了事先说好的 5 个百分点：就算有效果，也小得不值得做。这就是“停”的意思。
#
# 这次假活动还给了我们一个有用的数：不做活动，30 天里有多少客户会买。

# %% [markdown] lang="en"
# The arms differ a little, and that is luck. The **interval** tells how large luck can be. When it holds 0, no difference is shown: as nothing was sent, that is how it should be about ninety-five times in a hundred.
#
# The first line says "stop", yet nothing was sent: stop what? With the teaching data the upper end of the interval stays below the 5 points settled beforehand: an effect, if any, would be too small to be worth having. That is what "stop" means.
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
# 还要写下**事先的猜想**：优惠券是为了叫回从前常来的人，所以对类型 4 和 5 该最有用。现在写下来，第 5 节再用；看过结果再说，就不算数了。
#
# 优惠券是营销消息，所以先核对同意，再抽签。抽签按类型分层，用客户编号和种子算出来：换个顺序、再跑一遍，结果都一样，谁也不能挑。

# %% [markdown] lang="en"
# ## 3. Written down before it is sent
#
# The record of a campaign says: for whom, which message, when, who is held out, and which effect would be worth having.
#
# The **guess made beforehand** is written down too: the coupon is to call back those who used to come often, so it should help most with types 4 and 5. We write it now and use it in section 5; said after the results, it would not count.
#
# A coupon is a marketing message, so consent is checked first and the draw comes after. The draw is stratified by type and computed from customer and seed: in another order, or run again, it is the same, and nobody can pick.

# %% tags=["nbval-check-output"]
asked = with_consent(result.customers, shop.table("consents"), purpose="marketing", on=shop.as_of)
group = asked.kept if shop.has("consents") else result.customers
show.text(asked.balance(lang) if shop.has("consents") else word("plan.no_ledger", lang))

# %% [markdown] lang="zh"
# 只给同意的人写活动记录。一个人也没有同意的数据，活动就做不成，下面会说出来。

# %% [markdown] lang="en"
# The record is written for those who agreed. With data where nobody did there can be no campaign, and the cells below say so.

# %% tags=["nbval-check-output"]
@cache
def campaign():
    drawn = Campaign(
        "coupon_all", group=group, message="coupon_618", starts_on=shop.as_of + timedelta(days=1),
        days=30, holdout=0.5, by="type", seed=seed, worthwhile=0.05, drawn_on=shop.as_of,
    )
    if settings.tables:
        drawn.save(f"{settings.tables}/coupon_all.json")
    return drawn

show.tried(lambda: show.text(campaign().describe(lang)), lang)

# %% [markdown] lang="zh"
# 每一层里，两组一样多，最多差一位：

# %% [markdown] lang="en"
# In each stratum both arms are as large, give or take one customer:

# %% tags=["nbval-check-output"]
show.tried(lambda: show.table(campaign().strata, lang), lang)

# %% [markdown] lang="zh"
# **这个活动够大吗？** 看虚线和曲线在哪里相交：左边的效果它看不清。

# %% [markdown] lang="en"
# **Is this campaign large enough?** See where the dotted line meets the curve: effects to the left of that it cannot show.

# %%
show.tried(lambda: show.sample_size_curve(campaign(), base, lang), lang)

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


@cache
def after():
    return aftermath(shop, result, campaign(), effect=truth, coupon=500, seed=seed)

show.tried(lambda: show.text(after().describe(lang)), lang)

# %% [markdown] lang="zh"
# 现在假装不知道真相，只看订单。

# %% [markdown] lang="en"
# Now pretend not to know the truth, and look at the orders only.

# %% tags=["nbval-check-output"]
@cache
def verdict():
    return campaign().verdict(after(), cost_per_contact=5)

show.tried(lambda: show.text(verdict().describe(lang)), lang)

# %% [markdown] lang="zh"
# 教学数据里，平均的效果只有几个百分点，客户又不够多，所以区间很宽：**数据不够**。这不是“没有效果”，也不是“有效果”。诚实的结论就是还不知道。别的数据可能是别的结论：请读第一行。
#
# 再看钱。在教学数据里，人均净消费的区间刚刚离开 0。可以改口说“有效果”吗？不行。结论按事先说好的那个数（购买的人）来下。哪个数好看就换成哪个，也是在挑运气。
#
# 下面按类型看。菱形是植入的真相，平时没有人知道它。

# %% [markdown] lang="en"
# With the teaching data the average effect is only a few points and the customers are too few, so the interval is wide: **not enough data**. That is neither "no effect" nor "an effect". The honest conclusion is that we do not know yet. Other data may end otherwise: read the first line.
#
# Now the money. With the teaching data its interval is just off 0. May we say "it works" after all? No. The verdict follows the figure settled beforehand, who bought. To change to whichever figure looks best is picking luck too.
#
# Below by type. The diamonds are the planted truth, which nobody knows in real life.

# %%
show.tried(lambda: show.campaign_effects(verdict(), lang, planted=after().planted), lang)

# %% [markdown] lang="zh"
# 层分得越细，每层的人越少，区间越宽。看七层，至少一层碰巧离开 0 的机会有三成。
#
# **p 值**说的是：如果没有效果，光靠运气也能看到这么大的差别，机会有多大。小于 0.05，才说显出了效果。看几层，就碰几次运气，所以要求得更严：Holm 法把最小的 p 值乘以层数，第二小的乘以层数减 1，依此类推。表里已经乘好了。

# %% [markdown] lang="en"
# The finer the strata, the fewer customers in each and the wider the interval. Among seven strata the chance that at least one is away from 0 by luck is three in ten.
#
# The **p-value** says: if there were no effect, how likely is a difference this large by luck alone? Only below 0.05 is an effect taken as shown. Each stratum is one more chance for luck, so more is asked: Holm multiplies the smallest p-value by the number of strata, the next by that number less 1, and so on. In the table this is done already.

# %% tags=["nbval-check-output"]
show.tried(lambda: show.table(verdict().table, lang, rows=9), lang)

# %% [markdown] lang="zh"
# 钱也要算。先看每一组人均净消费，优惠券减掉的钱已经扣了：

# %% [markdown] lang="en"
# Money counts too. First the net money per customer in each arm; what the coupon took off is deducted already:

# %%
show.tried(lambda: show.table(verdict().money_table, lang, currency=shop.currency, rows=9), lang)

# %% [markdown] lang="zh"
# 再看联系的费用。“每个响应的费用”把本来就会买的人也算了进去，所以总是显得便宜。“每个多出响应的费用”才是多带来一位购买者的价钱；不能肯定多带来了人，就留空。

# %% [markdown] lang="en"
# Then what the contacts cost. The "cost per response" counts those too who would have bought anyway, so it always looks cheap. The "cost per extra response" is the price of one more buyer; while more buyers are not certain, it stays blank.

# %%
show.tried(lambda: show.table(verdict().costs, lang, currency=shop.currency, rows=9), lang)

# %% [markdown] lang="zh"
# ## 5. 第二轮：改一改，再检验
#
# 第 3 节写下了猜想：对类型 4 和 5 最有用。第二轮只发给他们，重新抽签，再等 30 天。如果当时没有写，而是先看哪一层最好、再说“本来就是为了它”，那就是挑运气。
#
# 按类型挑人也是画像，所以只从同意画像的客户里挑。

# %% [markdown] lang="en"
# ## 5. The second round: change it, test it again
#
# Section 3 holds our guess: types 4 and 5. The second round is for them only, with a new draw and 30 more days. Had we not written it, but looked for the best stratum first and said "that was the aim" afterwards, that would be picking luck.
#
# To choose by type is profiling too, so we choose among those who agreed to it.

# %% tags=["nbval-check-output"]
agreed = group
if shop.has("consents"):
    agreed = with_consent(group, shop.table("consents"), purpose="profiling", on=shop.as_of).kept


@cache
def recall():
    chosen = agreed[agreed["type"].isin([4, 5])]
    ends = campaign().ends_on
    return replace(campaign(), name="recall_july", group=chosen,
                   starts_on=ends + timedelta(days=1), drawn_on=ends)

show.tried(lambda: show.text(recall().describe(lang)), lang)

# %% [markdown] lang="zh"
# 又过了 30 天：

# %% [markdown] lang="en"
# Another 30 days have passed:

# %% tags=["nbval-check-output"]
@cache
def second():
    after_recall = aftermath(shop, result, recall(), effect=truth, coupon=500, seed=seed + 1000)
    return recall().verdict(after_recall, cost_per_contact=5, others=(campaign(),))

show.tried(lambda: show.text(second().describe(lang)), lang)

# %% [markdown] lang="zh"
# 教学数据里，同意画像的只有 55 位，每一组都不到 30 位：人太少，又是“数据不够”。怎么办？等更多的人同意，把几轮合起来看，或者不按类型挑。**不能做的是：不问就挑。**
#
# 同意值多少？做个思想实验：**假如**类型 4 和 5 里参加第一轮的人都同意画像。这只是模拟，没有给任何人发消息。先猜：结论会是什么？

# %% [markdown] lang="en"
# With the teaching data only 55 of them agreed, and either arm has fewer than 30: too few, and "not enough data" again. What now? Wait until more agree, put several rounds together, or do not choose by type. **What may not be done: choose without asking.**
#
# What is consent worth? A thought experiment: **suppose** that all of types 4 and 5 in the first campaign had agreed to profiling. This is simulated; nobody is sent anything. Guess first: what will the verdict be?

# %% tags=["nbval-check-output"]
@cache
def third():
    supposed = replace(recall(), name="all_agreed", group=group[group["type"].isin([4, 5])])
    after_supposed = aftermath(shop, result, supposed, effect=truth, coupon=500, seed=seed + 1000)
    return supposed.verdict(after_supposed, cost_per_contact=5)

show.tried(lambda: show.text(third().describe(lang)), lang)

# %%
show.tried(lambda: show.campaign_arms(third(), lang), lang)

# %% [markdown] lang="zh"
# 真正的两轮都记在一张表里：什么时候、多少人、效果、费用、决定。实施、跟踪、调整，就是让这张表一行一行长下去。
#
# 教学数据里，第二行的区间离开了 0，为什么还是“数据不够”？每组不到 30 位时，一两个人买不买就能改变结果，所以事先就说好了不下结论。看到好看的数再改规则，又是在挑运气。

# %% [markdown] lang="en"
# The two rounds (not the thought experiment) stand in one table: when, how many, the effect, the cost, the decision. To implement, to track and to adjust is to let this table grow row by row.
#
# With the teaching data the interval in the second row is clear of 0; why "not enough data" all the same? With fewer than 30 in an arm, one or two buyers change the result, so it was settled beforehand that there is no verdict. To change the rule on seeing a fine figure would be picking luck again.

# %% tags=["nbval-check-output"]
from crmlab.track import campaign_record


def record():
    return campaign_record(verdict(), second())

show.tried(lambda: show.table(record(), lang, currency=shop.currency), lang)

# %% [markdown] lang="zh"
# ## 6. 三个陷阱
#
# **陷阱一：不留出。** 给最近来过的好客户（类型 1、2、3）发一条没有用的感谢消息，植入的效果是 0。挑的时候，同样只从同意画像的客户里挑。
#
# 再用三种办法比较。**先猜**：哪一种说它有用，哪一种说它赶走了客户，哪一种最接近 0？

# %% [markdown] lang="en"
# ## 6. Three traps
#
# **Trap one: no hold-out.** Send a useless thank-you to good customers who came lately (types 1, 2, 3); the planted effect is 0. They too are chosen among those who agreed to profiling.
#
# Then compare in three ways. **Guess first**: which one says that it helped, which one that it drove customers away, and which one comes closest to 0?

# %% tags=["nbval-check-output"]
from crmlab.track import shortcuts


def compared():
    best = replace(campaign(), name="thanks", group=agreed[agreed["type"].isin([1, 2, 3])])
    useless = aftermath(shop, result, best, effect=0.0, seed=seed)
    return shortcuts(best.verdict(useless), result, useless)

show.tried(lambda: show.table(compared(), lang), lang)

# %% [markdown] lang="zh"
# 和没选中的人比，没用的消息会显得很有用，因为选中的本来就是常来的人。和自己之前比，又会显得赶走了客户，因为他们正是因为刚来过才被选中的。**只有抽签留出的那一组，比的是同样的人**。抽签的那一行也不正好是 0，但那只是运气：换个种子，它就在 0 的两边跳。另外两行不是运气，换多少种子都偏向同一边。
#
# **陷阱二：天天看。** 下面的活动都没有效果。只在结束时看一次，二十次里错一次；边做边看、看到好的就停，错得多得多。

# %% [markdown] lang="en"
# Beside those not chosen, a useless message may well seem to work, because the chosen come often anyway. Beside their own past it may seem to drive customers away, because they were chosen for having just been there. **Only those held out by a draw are the same kind of people.** The drawn line is not exactly 0 either, but that is luck: with other seeds it falls on both sides of 0. The other two are not off by luck; whatever the seed, they lean the same way.
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
show.tried(lambda: campaign().verdict(after(), as_of=campaign().starts_on + timedelta(days=9)), lang)

# %% [markdown] lang="zh"
# **陷阱三：看过结果再抽签。** 记录里写了抽签日；晚于结果的第一天，就不收：

# %% [markdown] lang="en"
# **Trap three: drawing after the results.** The record holds the day of the draw; later than the first day of results it is refused:

# %%
show.tried(lambda: replace(campaign(), drawn_on=campaign().starts_on + timedelta(days=5)), lang)

# %% [markdown] lang="zh"
# ## 7. 真实的活动
#
# 数据包 completejourney 里有一家美国超市的 27 次真实活动：谁收到了优惠券，用了多少张（没有安装也不要紧，下面会说怎么装）。没有一次抽过签。
#
# 第 18 次活动里，收到的家庭比没收到的每户多花三百多美元。**是优惠券的功劳吗？** 看看他们在活动之前就差多少。

# %% [markdown] lang="en"
# ## 7. Real campaigns
#
# The package completejourney holds 27 real campaigns of an American grocer: who got the coupons, and how many were used (if it is not installed, the cell below says how to install it). Nobody drew lots in any of them.
#
# In campaign 18 the households that got coupons spent over three hundred dollars more each than those that did not. **Thanks to the coupons?** See how far apart they were before.

# %%
from crmlab.track import observe_campaign


def look():
    grocer = open_data(check_settings(lang=lang, data="journey"))
    return observe_campaign(grocer, "18")


seen = show.tried(look, lang)
seen if isinstance(seen, show.Text) else show.text(seen.describe(lang))

# %%
None if isinstance(seen, show.Text) else show.campaign_balance(seen, lang)

# %% [markdown] lang="zh"
# 收到优惠券的家庭，本来就来得更勤、花得更多：商家挑的就是他们。
#
# **双重差分**先算每一组的变化（活动期间减之前），再拿两组的变化相减。这样减掉了之前的差别，但要两组本来会同样变化才算数。拿到活动之前的两段去检查，它自己就不是 0，说明两组本来就变得不一样。所以这里没有一个数字能叫“效果”。

# %% [markdown] lang="en"
# The households with coupons came more often and spent more before: the shop chose them for that.
#
# **Difference in differences** takes the change of each group (in the campaign's days, less the days before), and then one change from the other. That takes the earlier gap off, but it holds only if both groups would otherwise have changed alike. Tried on two periods before the campaign it is not 0 by itself: they do not change alike. So no figure here may be called an effect.

# %% [markdown] lang="zh"
# ## 8. 平时的跟踪
#
# **购买流程**：从看到买，每一步流失多少人？最值得简化的一步排在最前面。最后一列是算术：如果挽回十分之一，会多几位下单。真的改了，还要用留出组检验。

# %% [markdown] lang="en"
# ## 8. Everyday tracking
#
# **The way to an order**: how many are lost at each step? The one most worth simplifying stands first. The last column is arithmetic: how many more would order if one in ten stayed. After a real change, test it with a hold-out.

# %% tags=["nbval-check-output"]
from crmlab.collect import funnel
from crmlab.track import step_losses

steps = funnel(shop.table("events"), shop.orders, time_zone=shop.columns.get("time_zone"))
show.tried(lambda: show.table(step_losses(steps, saved=0.1).round({"extra_orders": 0}), lang), lang)

# %% [markdown] lang="zh"
# **回复时间**：客户问了以后，多久有人回？按价值层级看：一半的人等了不超过多少分钟（中位数），它的 95% 区间，九成的人等了不超过多少分钟。低价值的客户是不是等得更久？

# %% [markdown] lang="en"
# **Response times**: after a question, how long until somebody answers? By value tier: how many minutes half of them waited at most (the median), its 95% interval, and how many minutes nine of ten waited at most. Do customers of low value wait longer?

# %% tags=["nbval-check-output"]
from crmlab.care import response_times
from crmlab.grouping import value_tiers

records = shop.table("service_records")
if shop.has("consents"):
    records = with_consent(records, shop.table("consents"), purpose="analysis", on=shop.as_of).kept
tiers = value_tiers(result).rename(columns={result.customer_column: "customer_id"})
columns = ["value_tier", "records", "median_minutes", "median_low", "median_high", "p90_minutes"]
show.tried(lambda: show.table(response_times(records, tiers)[columns].round(), lang), lang)

# %% [markdown] lang="zh"
# 比区间，不比点。两层的区间重叠，这些记录就分不出谁等得更久；不重叠，才值得去问为什么。在教学数据里，高、中、低三层的区间互相重叠：没有看出低价值的客户等得更久，也没有证明大家等得一样久。

# %% [markdown] lang="en"
# Compare intervals, not points. Where those of two tiers overlap, these records do not tell who waits longer; where they do not, ask why. With the teaching data the intervals of the high, mid and low tiers overlap: it is not shown that customers of low value wait longer, nor is it proved that all wait alike.

# %% [markdown] lang="zh"
# **服务标准**：每类事项多久要有第一次回复、多久要办完，都写成数据。先看这些标准；从上往下，第一条合适的算数，类别空着就是其他事项都适用：

# %% [markdown] lang="en"
# **Service standards**: within what time each kind of matter gets a first reply, and is settled, is data. First the standards themselves; from the top, the first that fits counts, and a blank kind stands for all other matters:

# %% tags=["nbval-check-output"]
import pandas as pd

from crmlab.care import read_standards

show.table(pd.DataFrame(read_standards()), lang)

# %% [markdown] lang="zh"
# 到参考日晚上为止，守住了几成？没办完、时限又过了的，也算没守住。

# %% [markdown] lang="en"
# By the evening of the reference date, how many kept the standard? A matter that is still open when its time is up has broken it.

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
ranking = show.tried(lambda: rank_agents(records, at=evening), lang)
ranking if isinstance(ranking, show.Text) else show.staff(ranking, lang)

# %% [markdown] lang="zh"
# 同样的结果，写成表。每一组里按代号排，不是名次：

# %% [markdown] lang="en"
# The same in a table. Within a group they stand by their codes; that is no order of merit:

# %% tags=["nbval-check-output"]
beside = ["agent", "standing", "records", "share", "expected_share", "adjusted_share"]
None if isinstance(ranking, show.Text) else show.table(ranking.table[beside], lang, rows=20)

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

from crmlab import word
from crmlab.course.practice import practice
from crmlab.rfm import retype
from crmlab.track import Campaign, changes, needed

answer, check = practice("04_track", shop, settings)
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 不做活动时，60 天里会有多少客户来买？用历史看：60 天前的客户（`retype`，参考日早 60 天）里，后来这 60 天买过的占多少？回答 0 到 1 之间的数，保留 3 位小数。

# %% [markdown] lang="en" question="q1"
# ## q1
#
# How many customers buy within 60 days without a campaign? Look at the past: of the customers of 60 days ago (`retype`, with the reference date 60 days earlier), which share bought in the 60 days since? Answer with a number between 0 and 1, to 3 decimals.

# %% solution="q1"
before = retype(result, as_of=shop.as_of - timedelta(days=60))
recent = retype(result, window=60)
came = before.customers[result.customer_column].isin(recent.customers[result.customer_column])
base = round(float(came.mean()), 3)
answer("q1", base)

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 用第 1 题的数作基准。要看清多 3 个百分点，留出四分之一，一共需要多少位客户？（用 `needed`）

# %% [markdown] lang="en" question="q2"
# ## q2
#
# Take the number of question 1 as the base rate. How many customers does it take in all to see 3 points more, with a quarter held out? (Use `needed`.)

# %% solution="q2"
answer("q2", needed(base, 0.03, holdout=0.25)["customers"])

# %% [markdown] lang="zh" question="q3"
# ## q3
#
# 给窗口里有购买的所有客户写一份活动记录：名字 `"q3"`，从参考日的第二天开始，60 天，按类型分层，留出 15%，其余照旧。类型 6 里留出了多少位？

# %% [markdown] lang="en" question="q3"
# ## q3
#
# Write the record of a campaign for all customers with a purchase in the window: name `"q3"`, from the day after the reference date, 60 days, stratified by type, 15% held out, all else as it is. How many of type 6 are held out?

# %% solution="q3"
record = Campaign("q3", group=result.customers, message="m", starts_on=shop.as_of + timedelta(days=1),
                  days=60, holdout=0.15)
answer("q3", int((record.held_out["type"] == 6).sum()))

# %% [markdown] lang="zh" question="q4"
# ## q4
#
# 最近 60 天什么都没有发。给 60 天前的客户抽签：名字 `"q4"`，`message="none"`，60 天，留出一半。两组购买率相差多少个百分点？保留一位小数。

# %% [markdown] lang="en" question="q4"
# ## q4
#
# Nothing was sent in the last 60 days. Draw for the customers of 60 days ago: name `"q4"`, `message="none"`, 60 days, half held out. By how many points do the arms differ in the share who bought? One decimal.

# %% solution="q4"
nothing = Campaign("q4", group=before.customers, message="none", starts_on=shop.as_of - timedelta(days=59),
                   days=60, holdout=0.5)
effect = nothing.verdict(shop.orders, currency=shop.currency, **shop.columns).share
answer("q4", round(100 * effect.estimate, 1))

# %% [markdown] lang="zh" question="q5"
# ## q5
#
# 第 4 题的效果，区间的两端是多少个百分点？一个列表，先低后高，保留一位小数。

# %% [markdown] lang="en" question="q5"
# ## q5
#
# Between how many points does the interval of the effect in question 4 lie? A list, low end first, one decimal each.

# %% solution="q5"
answer("q5", [round(100 * effect.low, 1), round(100 * effect.high, 1)])

# %% [markdown] lang="zh" question="q6"
# ## q6
#
# 和 60 天前比，有多少位客户换了类型（新来的和离开的不算）？

# %% [markdown] lang="en" question="q6"
# ## q6
#
# Beside 60 days ago, how many customers have another type (those who are new or have left not counted)?

# %% solution="q6"
found = changes(before, result).table
answer("q6", int(found.set_index("customer_change")["customers"]["moved"]))

# %% [markdown] lang="zh" question="q7"
# ## q7
#
# 一位同事说：“收到券的客户买得更多，所以券有用。”写三句话回答：这句话错在哪里，应该怎样比，要多少人。由老师来读。

# %% [markdown] lang="en" question="q7"
# ## q7
#
# A colleague says: "Customers with a coupon bought more, so the coupon works." Answer in three sentences: what is wrong with it, how to compare, and how many people it takes. Your instructor reads it.

# %% solution="q7"
answer("q7", word("sample.essay_04", lang))
