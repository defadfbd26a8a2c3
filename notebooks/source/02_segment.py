# ---
# crmlab:
#   number: "02"
#   name: segment
#   minutes: 75
#   title:
#     zh: 任务二：客户分组
#     en: "Task two: group the customers"
#   questions:
#     zh:
#       - R、F、M 怎样算，怎样和平均值比？
#       - 六种类型是什么，哪两种组合没有名字？
#       - 换一个窗口，有多少客户换了组合？
#     en:
#       - How are R, F and M counted and compared with the mean?
#       - What are the six types, and which two combinations have no name?
#       - With another window, how many customers change their combination?
#   objectives:
#     zh:
#       - 手算一位客户的标记，并说出理由
#       - 读懂八种组合的客户数和金额
#       - 用窗口、退款和分界做实验，写清楚每次的设置
#       - 再用频次、消费、价值和聚类分组，并比较它们
#     en:
#       - work out the marks of a customer by hand and say why
#       - read the customers and the money of the eight combinations
#       - experiment with window, refunds and split, and state the settings each time
#       - group by frequency, spend, value and clusters as well, and compare them
#   key_points:
#     zh:
#       - R 是间隔，越小越近；F 数不同的订单，不数行；M 是总额，不是平均每单。
#       - 不低于平均记 ↑，相等也记 ↑，R 也一样。
#       - R↓F↓M↓ 和 R↑F↓M↑ 没有名字，每次都要数出来。
#       - 窗口决定结果，所以窗口写在每个结果上。
#       - 钱用整数分计算，平均值不会被小数误差带偏。
#     en:
#       - R is an interval, so small is recent; F counts distinct orders, not lines; M is the total, not the mean per order.
#       - At or above the mean is ↑, and a tie is ↑ too, for R as well.
#       - R↓F↓M↓ and R↑F↓M↑ have no name and are counted every time.
#       - The window decides the result, so it stands on every result.
#       - Money is counted in integer fen, so no rounding error moves the mean.
# ---

# %% [markdown] lang="zh"
# ## 先问一个问题
#
# 小满杂货有三位客户：
#
# - 一位上周刚来，第一次，买了一台咖啡机；
# - 一位每个月都来，每次只买一包茶；
# - 一位去年常来，花得多，后来再也没来。
#
# **你会给谁打电话？** 只看“花了多少钱”，答案是什么？再看“多久没来”呢？

# %% [markdown] lang="en"
# ## A question first
#
# Xiaoman Goods has three customers:
#
# - one came last week for the first time and bought a coffee machine;
# - one comes every month and buys one pack of tea each time;
# - one came often last year, spent a lot, and never came again.
#
# **Whom would you call?** What is the answer if you only look at the money? And if you look at how long ago they came?

# %% [markdown] lang="zh"
# 参数在这里。要分析自己的订单，把 `orders` 写成文件路径，再写明列名、币种 `currency` 和参考日 `as_of`。用教学数据时，这些都不用改。

# %% [markdown] lang="en"
# Here are the parameters. To analyse orders of your own, put the path of the file in `orders`, name its columns, the `currency`, and the reference date `as_of`. With the teaching data none of these need changing.

# %% tags=["parameters"]
lang = "zh"
data = "teaching"
orders = ""
customer = "customer_id"
order = "order_id"
date = "order_date"
amount = "amount"
state = ""
refund = ""
currency = ""
as_of = ""
window = 365
refunds = "net"
split = "mean"
groups = 4
seed = 618
tables = ""

# %% tags=["setup"]
from crmlab import check_settings, open_data, show, type_customers, word

settings = check_settings(
    lang=lang, data=data, orders=orders, customer=customer, order=order, date=date, amount=amount, state=state,
    refund=refund, currency=currency, as_of=as_of, window=window, refunds=refunds, split=split, groups=groups,
    seed=seed, tables=tables,
)
shop = open_data(settings)
show.theme()

# %% [markdown] lang="zh"
# ## 三个指标
#
# | 指标 | 问什么 | 怎样算 |
# | --- | --- | --- |
# | R | 多久没来 | 参考日减去最后一笔有效订单的日期，单位是天 |
# | F | 来过几次 | 窗口里不同的有效订单数 |
# | M | 花了多少 | 窗口里有效订单的净额之和 |
#
# 每个指标各自和平均值比：不低于平均记 ↑，低于平均记 ↓。R 是间隔，所以 R↓ 才是“最近来过”。

# %% [markdown] lang="en"
# ## Three indicators
#
# | indicator | asks | is counted as |
# | --- | --- | --- |
# | R | how long ago | the reference date minus the day of the last valid order, in days |
# | F | how often | distinct valid orders in the window |
# | M | how much | the sum of net valid amounts in the window |
#
# Each is compared with its own mean: at or above it is ↑, below it is ↓. R is an interval, so it is R↓ that means "came recently".

# %%
result = type_customers(
    shop.orders, as_of=shop.as_of, window=window or None, currency=shop.currency,
    refunds=refunds, split=split, **shop.columns,
)
customer = shop.columns["customer"]

# %% [markdown] lang="zh"
# 读一读设置。别人照着它，能得到同样的结果。

# %% [markdown] lang="en"
# Read the settings. With them, others get the same result.

# %% tags=["nbval-check-output"]
show.text(result.describe(lang))

# %% [markdown] lang="zh"
# 橙线是分界。M 的图里，大多数人在橙线左边：少数大客户把平均值拉高了。最右边的一根，装着所有更大的值。

# %% [markdown] lang="en"
# The orange line is the threshold. In the picture of M most people are to the left of it: a few large customers pull the mean up. The last bar on the right holds all larger values.

# %%
show.distributions(result, lang)

# %% [markdown] lang="zh"
# 每行一位客户，最后几列是标记和类型。

# %% [markdown] lang="en"
# One row per customer, with the marks and the type in the last columns.

# %% tags=["nbval-check-output"]
show.table(result.table, lang, currency=shop.currency, rows=8)

# %% [markdown] lang="zh"
# ## 六种类型，和两种没有名字的组合
#
# 三个标记有八种组合。规则给六种起了名字，另外两种没有提到。
#
# | 标记 | 名称 | 怎么理解 |
# | --- | --- | --- |
# | R↓F↑M↑ | 重要维护客户 | 刚来过，来得勤，花得多：别让他们失望 |
# | R↓F↓M↑ | 重要发展客户 | 刚来过，花得多，来得少：问清需要，请他们多来 |
# | R↓F↑M↓ | 一般重要客户 | 刚来过，来得勤，花得少：稳稳相处，不硬推销 |
# | R↑F↑M↑ | 重要挽留客户 | 以前来得勤、花得多，最近没来：问一句为什么 |
# | R↑F↑M↓ | 一般客户 | 来得勤，花得少，最近没来：省力地保持联系 |
# | R↑F↓M↓ | 无价值客户 | 很久没来，来得少，花得少：名字很重，其实只是排在后面 |
#
# 别的书会把这些名字用在别的组合上，所以每次都写标记。没有名字的两种：
#
# - R↓F↓M↓：最近来过，次数少，金额小。其中不少是新客户。
# - R↑F↓M↑：很久没来，次数少，金额大。订单不多，每单的金额大。
#
# 如果把它们悄悄塞进六种里，就是替一大群人编了答案。

# %% [markdown] lang="en"
# ## Six types, and two combinations without a name
#
# Three marks make eight combinations. The rule names six of them and does not speak of the other two.
#
# | marks | name | in plain words |
# | --- | --- | --- |
# | R↓F↑M↑ | key customers to maintain | here lately, often, with much money: do not let them down |
# | R↓F↓M↑ | key customers to develop | here lately, much money, rarely: learn their needs, invite them more often |
# | R↓F↑M↓ | fairly important customers | here lately, often, little money: keep it steady, no hard selling |
# | R↑F↑M↑ | key customers to win back | came often, spent much, gone quiet: ask why |
# | R↑F↑M↓ | ordinary customers | came often, little money, gone quiet: stay in touch at little cost |
# | R↑F↓M↓ | no-value customers | long ago, rarely, little money: a harsh name for those who come last |
#
# Other books use these names for other combinations, so the marks are always written. The two without a name:
#
# - R↓F↓M↓: came recently, rarely, with little money. Many of them are new customers.
# - R↑F↓M↑: came long ago, rarely, with much money. Few orders, but large ones.
#
# To push them quietly into one of the six would be to invent an answer for many people.

# %% tags=["nbval-check-output"]
show.table(result.summary(lang), lang, currency=shop.currency)

# %%
show.types(result, lang)

# %% [markdown] lang="zh"
# 每个点是一位客户，点越大，金额越高。两条虚线是 R 和 F 的分界，把图分成四块。每块里有两种颜色：M↑ 和 M↓。哪一块的点最密？

# %% [markdown] lang="en"
# Each point is a customer, and larger points are more money. The dashed lines are the thresholds of R and F and cut the picture into four. Each part holds two colours, M↑ and M↓. Where are the points densest?

# %%
show.recency_frequency(result, lang)

# %% [markdown] lang="zh"
# ## 问一问为什么
#
# 挑一位组合没有名字的客户。先盖住输出，用上面的平均值自己写出三个标记，再请程序解释。

# %% [markdown] lang="en"
# ## Ask why
#
# Choose a customer whose combination has no name. Cover the output, write the three marks yourself with the means above, and then let the program explain.

# %% tags=["nbval-check-output"]
unnamed = result.table.loc[result.table["type"] == 0, customer].iloc[0]
show.text(result.explain(unnamed, lang))

# %% [markdown] lang="zh"
# ## 实验一：相等的时候
#
# 三位客户，每人 1 笔 0.10 元的订单，同一天。人人相等，所以人人不低于平均：R↑F↑M↑。
#
# 这一类叫“重要挽留客户”，可是谁也看不出要走。规则就是这样：相等记 ↑，R 也一样。

# %% [markdown] lang="en"
# ## Experiment one: when all are equal
#
# Three customers, each with 1 order of 0.10 yuan on the same day. All are equal, so all are at or above the mean: R↑F↑M↑.
#
# That type is called "key customers to win back", yet nobody shows signs of leaving. That is the rule: a tie is ↑, for R as well.

# %% tags=["nbval-check-output"]
import pandas as pd

equal = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c"],
        "order_id": ["1", "2", "3"],
        "order_date": pd.to_datetime(["2026-06-01"] * 3),
        "amount": [0.10, 0.10, 0.10],
    }
)
show.table(type_customers(equal, as_of="2026-06-17").table, lang)

# %% [markdown] lang="zh"
# 用浮点数（电脑里的小数）计算会出错：三个 0.10 加起来再除以 3，比 0.10 大一点点，三个人就都成了 M↓。用整数分就不会。

# %% [markdown] lang="en"
# With floating-point numbers this goes wrong: 0.10 three times, divided by 3, comes out a little above 0.10, and all three would be M↓. With integer fen it cannot happen.

# %% tags=["nbval-check-output"]
print((0.10 + 0.10 + 0.10) / 3)

# %% [markdown] lang="zh"
# ## 实验二：换一个窗口
#
# 同样的客户，只换窗口。我们只比在两个窗口里都买过东西的人：多少人换了组合？平均值跟着窗口变，标记也就变了。

# %% [markdown] lang="en"
# ## Experiment two: another window
#
# The same customers, with another window only. We compare those who bought in both windows: how many change their combination? The means move with the window, and so do the marks.

# %% tags=["nbval-check-output"]
marks = ["r_mark", "f_mark", "m_mark"]
changes = []
for days in (90, 180, 270):
    other = type_customers(
        shop.orders, as_of=shop.as_of, window=days, currency=shop.currency, refunds=refunds, split=split, **shop.columns
    )
    both = result.table.merge(other.table, on=customer, suffixes=("", "_new"))
    same = (both[marks].values == both[[f"{mark}_new" for mark in marks]].values).all(axis=1)
    changes.append({"window": days, "customers": len(both), "changed_share": 1 - same.mean()})
show.table(pd.DataFrame(changes), lang)

# %% [markdown] lang="zh"
# ## 别的分法
#
# 只看次数，或只看金额，把客户三等分。数值相同的人不会被拆开，所以三组不一定一样大。
#
# 看对角线：两种分法一致吗？右下角的人买得少，却花得多。

# %% [markdown] lang="en"
# ## Other ways to group
#
# Look only at the orders, or only at the money, and cut the customers in three. People with the same value are never parted, so the groups need not be of one size.
#
# Look at the diagonal: do the two groupings agree? Those at the bottom right buy rarely and yet spend much.

# %%
from crmlab.grouping import cluster, order_groups, value_tiers

pairs = order_groups(result)
grid = pd.crosstab(pairs["frequency_group"], pairs["spend_group"])
levels = ["low", "mid", "high"]
grid = grid.reindex(index=levels[::-1], columns=levels, fill_value=0)
show.heat(grid, lang, title=word("title.frequency_spend", lang), rows="frequency_group", columns="spend_group")

# %% [markdown] lang="zh"
# 价值层级先给每个指标打 1 到 5 分：按人数分成五份，最好的一份得 5 分。得分乘以权重加起来，再切成三层。
#
# 改一改代码里的权重：多少客户换了层级？

# %% [markdown] lang="en"
# For the value tier each indicator gets a score from 1 to 5: the customers are cut into fifths, and the best fifth scores 5. Scores times weights are added up and cut into three tiers.
#
# Change the weights in the code: how many customers change tier?

# %% tags=["nbval-check-output"]
tiers = value_tiers(result, weights={"recency_days": 1, "frequency": 1, "monetary": 1})
by_tier = tiers.groupby("value_tier").agg(customers=("value_tier", "size"), monetary=("monetary", "sum"))
show.table(by_tier.reindex(levels[::-1]).reset_index(), lang, currency=shop.currency)

# %% [markdown] lang="zh"
# 聚类不用分界，也不用标记：先把 R、F、M 换成可比的尺度，再找挨在一起的人。群数是参数 `groups`。群 1 的平均消费最高；表里的 R、F、M 是每群的中位数。
#
# 轮廓系数说群与群分得多清楚，最高是 1。在 0 附近，就是挨得很近，不要太当真。

# %% [markdown] lang="en"
# Clustering uses neither thresholds nor marks. It brings R, F and M to comparable scales and looks for people who lie close together. The number of clusters is the parameter `groups`. Cluster 1 has the highest mean spend; the table shows the median R, F and M of each cluster.
#
# The silhouette says how clearly the clusters are apart; its highest value is 1. Near 0 they lie close to one another and should not be taken too seriously.

# %%
found = cluster(result, settings.groups, seed=settings.seed)
show.table(found.profile, lang, currency=shop.currency)

# %%
silhouettes = pd.DataFrame(found.silhouettes.items(), columns=["groups", "silhouette"])
show.table(silhouettes.round(2), lang)

# %% [markdown] lang="zh"
# 把表存成文件，表格软件可以直接打开。参数 `tables` 留空就不写。

# %% [markdown] lang="en"
# We keep the tables as files that a spreadsheet opens. With the parameter `tables` left empty nothing is written.

# %%
show.save(result.table, settings.tables, "types.csv", lang, currency=shop.currency)
show.save(result.summary(lang), settings.tables, "summary.csv", lang, currency=shop.currency)

# %% [markdown] lang="zh"
# ## 小结和作业
#
# 我们把客户分成了组，每个人都有理由。下一课为每一组想一想：怎样服务？
#
# 回到开头的三位客户：你现在会给每位写什么标记？
#
# **作业**：把 `refunds` 改成 `"drop"`，再改成 `"ignore"`。改回 `"net"` 后，把 `split` 改成 `"median"`。每次看汇总表：哪些数变了，为什么？

# %% [markdown] lang="en"
# ## Summary and homework
#
# The customers are in groups, and for each there is a reason. In the next lesson we think about each group: how do we serve it?
#
# Back to the three customers of the opening: which marks would you give each of them now?
#
# **Homework**: set `refunds` to `"drop"`, then to `"ignore"`. Back at `"net"`, set `split` to `"median"`. Look at the summary each time: which numbers change, and why?

# %% exercise="setup"
from crmlab.course.practice import practice

answer, check = practice("02_segment", shop, settings)

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 用 `type_customers` 给客户分类型，窗口用 240 天。按汇总表的顺序，写出八种组合的客户数，一个列表。

# %% [markdown] lang="en" question="q1"
# ## q1
#
# Type the customers with `type_customers`, over a window of 240 days. Give the customers of the eight combinations in the order of the summary, as a list.

# %% solution="q1"
typed = type_customers(shop.orders, as_of=shop.as_of, window=240, currency=shop.currency, **shop.columns)
summary = typed.summary(lang)
answer("q1", summary["customers"].tolist())

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 窗口还是 240 天：有多少客户落在两种没有名字的组合里？

# %% [markdown] lang="en" question="q2"
# ## q2
#
# Over the same 240 days: how many customers are in the two combinations without a name?

# %% solution="q2"
answer("q2", int(summary.loc[summary["type"] == 0, "customers"].sum()))

# %% [markdown] lang="zh" question="q3"
# ## q3
#
# 窗口还是 240 天：净消费至少是多少分，才会记 M↑？回答一个整数。一元是 100 分。

# %% [markdown] lang="en" question="q3"
# ## q3
#
# Over the same 240 days: from how many fen of net spend on is a customer marked M↑? Answer with an integer. A yuan is 100 fen.

# %% solution="q3"
mean = typed.table["monetary"].sum(), len(typed.table)
answer("q3", int(-(-mean[0] // mean[1])))

# %% [markdown] lang="zh" question="q4"
# ## q4
#
# 把 240 天的窗口换成 200 天。在两个窗口里都有购买的客户中，有多少位换了组合？

# %% [markdown] lang="en" question="q4"
# ## q4
#
# Change the window from 240 to 200 days. Among the customers with a purchase in both windows, how many change their combination?

# %% solution="q4"
key = shop.columns["customer"]
short = type_customers(shop.orders, as_of=shop.as_of, window=200, currency=shop.currency, **shop.columns)
one, two = typed.table.set_index(key), short.table.set_index(key)
shared = one.index.intersection(two.index)
three = ["r_mark", "f_mark", "m_mark"]
answer("q4", int((one.loc[shared, three] != two.loc[shared, three]).any(axis="columns").sum()))
